/**
 * A worker that dies may have announced an approval that Temporal has not recorded: the decision on it then comes before
 * what it answers. Played here by sending the signed decision while the model still thinks.
 */
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { approvalId, workflowId } from '../../src/domain/core/ids.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const refund = recordingTool('refund');
const { promise: thought, resolve: thinks } = Promise.withResolvers<void>();

let world: World;
let connection: Connection;

beforeAll(async () => {
  world = await testWorld({
    agents: [
      testAgent({
        name: 'slow',
        tools: [refund],
        script: [
          async () => {
            await thought;
            return asksFor('refund', { text: 'five' });
          },
          says('Done.'),
        ],
      }),
    ],
  });
  connection = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(async () => {
  await connection.close();
  await world[Symbol.asyncDispose]();
});

test('B4 S1.6 a decision that comes before its approval waits for it', async () => {
  const anna = await world.person('anna');
  const run = await anna.startRun({ agent: 'slow' });
  await run.event('turn.started');
  const nowMs = await world.nowMs();
  const signed = await (
    await createCommandSigner(world.keys)
  ).sign(
    {
      type: 'decide',
      runId: run.runId,
      approvalId: approvalId(run.runId, 'call_1_0'),
      revision: 1,
      decisionId: 'dec_early',
      decision: 'reject',
    },
    {
      ...world.scope,
      actor: { principal: 'anna', kind: 'person', groups: [], credentialId: 'early' },
      authTime: nowMs,
      channel: 'api',
      nowMs,
    },
  );
  const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
  await handle.signal('decide', signed);
  await handle.query('status');
  expect(await run.types()).not.toContain('decision.refused');
  thinks();
  expect(await run.ends()).toMatchObject({ status: 'completed' });
  expect((await run.event('approval.decided')).data).toMatchObject({ decisionId: 'dec_early', status: 'rejected' });
  expect(await run.types()).not.toContain('decision.refused');
  expect(refund.calls).toHaveLength(0);
});
