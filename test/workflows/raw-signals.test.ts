/** Signals sent straight to Temporal: what tightens is obeyed, nothing else has any effect. */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createSigningKeys } from '../../src/platform/signing-keys.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import type { Command, SignedCommand } from '../../src/domain/schemas/command.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const agents = [
  testAgent({ name: 'refunds', tools: [refund], script: [asksFor('refund', { text: 'five' }), says('ok')] }),
];

let world: World;
let connection: Connection;
let anna: Person;

beforeAll(async () => {
  world = await testWorld({ agents });
  connection = await Connection.connect({ address: inject('temporalAddress') });
  anna = await world.person('anna');
});
afterAll(async () => {
  await connection.close();
  await world[Symbol.asyncDispose]();
});

const handleOf = ({ runId }: StartedRun) =>
  new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId }));

/** As the bridge would sign it, by a key that nobody trusts. */
const forged = async (command: Command): Promise<SignedCommand> =>
  (await createCommandSigner(await createSigningKeys(Date.now()))).sign(command, {
    ...world.scope,
    actor: { principal: 'mallory', kind: 'person', groups: [], credentialId: 'none' },
    authTime: Date.now(),
    channel: 'api',
    nowMs: Date.now(),
  });

const ref = { sha256: 'a'.repeat(64), bytes: 1 };

test('B1 B2 S3.7 forged, unsigned and malformed commands are counted and change nothing', async () => {
  const run = await anna.startRun({ agent: 'refunds' });
  const approval = await run.pending();
  const { runId } = run;
  const { approvalId, digest, revision } = approval;
  const handle = handleOf(run);
  const commandId = 'cmd_forged';
  const before = refund.calls.length;
  const commands: readonly (readonly [string, Command])[] = [
    ['decide', { type: 'decide', runId, approvalId, revision, decisionId: 'dec_forged', decision: 'approve', digest }],
    ['extend', { type: 'extend', runId, commandId, approvalId, revision, decideBy: Date.now() + 10 ** 10 }],
    ['unblock', { type: 'unblock', runId, commandId, noteRef: ref }],
    [
      'resolve',
      {
        type: 'resolve',
        runId,
        commandId,
        toolCallId: approval.toolCallId,
        effectKey: `${approvalId}.1`,
        digest,
        epoch: 0,
        resolution: 'retry',
        reasonRef: ref,
      },
    ],
  ];
  for (const [name, command] of commands) {
    await handle.signal(name, await forged(command));
    await handle.signal(name, { bytes: JSON.stringify(command), jws: '' });
    await handle.signal(name, command);
    await handle.signal(name);
    await handle.signal(name, null, 7);
  }
  await handle.signal('nonsense', { approve: true });
  const status = await handle.query<{ ignoredCommands: number; status: string }>('status');
  expect(status).toMatchObject({ ignoredCommands: commands.length * 5 + 1, status: 'suspended' });
  expect(refund.calls).toHaveLength(before);
  expect(await run.pending()).toMatchObject({ digest, decideBy: approval.decideBy });
  // Nobody is locked out by it.
  expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
  expect(await run.settles()).toMatchObject({ status: 'completed' });
  expect(refund.calls).toHaveLength(before + 1);
});

test('B18 S4.1 a block is obeyed without a signature, once; only a signed command lets the run go on', async () => {
  const run = await anna.startRun({ agent: 'refunds' });
  const approval = await run.pending();
  const handle = handleOf(run);
  await handle.signal('block');
  await handle.signal('block', { bytes: '{}', jws: 'x' });
  await run.event('run.blocked');
  expect(await run.get()).toMatchObject({ status: 'needs_attention' });
  expect((await run.types()).filter((type) => type === 'run.blocked')).toHaveLength(1);
  const before = refund.calls.length;
  expect(await run.decide(approval, 'approve')).toMatchObject({ status: 200 });
  await handle.signal('unblock', { bytes: '{"type":"unblock"}', jws: 'x' });
  expect(await handle.query('status')).toMatchObject({ status: 'needs_attention', runningTools: 0 });
  expect(refund.calls).toHaveLength(before);
  expect(await run.unblock('Go on.')).toMatchObject({ status: 200 });
  expect(await run.settles()).toMatchObject({ status: 'completed' });
  expect(refund.calls).toHaveLength(before + 1);
});
