// The example's worker in Python, as a process of its own, against a whole Countersign: permits are checked there.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { payer } from '../../examples/python-worker/agent.ts';
import { TOOL_TASK } from '../../src/domain/core/tool-task.ts';
import type { ToolTaskInput } from '../../src/domain/schemas/tool-task.ts';
import { createSigningKeys, trustedKeys } from '../../src/platform/signing-keys.ts';
import { childEnvironment } from '../../src/platform/environment/child-environment.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { pythonWith } from '../support/python.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testWorld } from '../support/world.ts';

const EXAMPLE = fileURLToPath(new URL('../../examples/python-worker/', import.meta.url));
/** Ends it with the test, however the test ends. */
const LAUNCHER = `
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
sys.path.insert(0, sys.argv[1])
runpy.run_path(sys.argv[1] + "worker.py", run_name="__main__")
`;
const QUEUE = `bank-${process.pid}-${Date.now()}`;

let world: World;
let anna: Person;
let python: string;
let payments: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  python = await pythonEnvironment();
  world = await testWorld({ agents: [payer(QUEUE), { ...payer(`${QUEUE}-other`), name: 'stranger' }] });
  anna = await world.person('anna');
  payments = join(temporaryDirectory(), 'payments.jsonl');
  await startWorker(QUEUE, trustedKeys(world.keys));
}, 300_000);
afterAll(async () => {
  for (const child of children) child.stdin?.end();
  await world?.[Symbol.asyncDispose]();
});

async function pythonEnvironment(): Promise<string> {
  const requirements = join(EXAMPLE, 'requirements.txt');
  const version = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return pythonWith({ name: `python-worker-${version}`, packages: ['-r', requirements], expectSeconds: 15 });
}

async function startWorker(taskQueue: string, trust: object): Promise<void> {
  const { key } = await world.person('svc:bank', { kind: 'service', roles: ['worker'] });
  const trustFile = join(temporaryDirectory(), 'trust.json');
  writeFileSync(trustFile, JSON.stringify(trust));
  const child = spawn(python, ['-c', LAUNCHER, EXAMPLE], {
    env: {
      ...childEnvironment(),
      PYTHONDONTWRITEBYTECODE: '1',
      COUNTERSIGN_URL: world.url,
      COUNTERSIGN_API_KEY: key,
      COUNTERSIGN_TRUST_FILE: trustFile,
      TEMPORAL_ADDRESS: world.temporalAddress,
      TOOL_TASK_QUEUE: taskQueue,
      PAYMENTS_FILE: payments,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(createInterface({ input: child.stdout }), 'line');
}

const paid = (): unknown[] =>
  existsSync(payments)
    ? readFileSync(payments, 'utf8')
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line))
    : [];

test('S1.15 B20 a worker in Python carries out exactly what was approved, once, and what it returns reaches the model', async () => {
  const run = await anna.startRun({ agent: 'payer', input: 'Pay 120 to Łódź Supplies' });
  const approval = await run.pending();
  const shown = await anna.request('GET', approval.links.self);
  expect(shown.body).toMatchObject({ tool: { name: 'send_payment', source: `queue:${QUEUE}` } });
  expect(paid()).toEqual([]);
  await run.decide(approval, 'approve');
  expect(await run.settles()).toMatchObject({ status: 'completed', output: 'Paid. {"receipt":"P-1"}' });
  expect(paid()).toEqual([{ key: `tool-approval:${run.runId}:call_1_0.1`, to: 'Łódź Supplies', amount: 120 }]);
  const events = await run.events();
  const told = events.filter(({ type }) => type.startsWith('tool.')).map(({ type, data }) => [type, data['taskQueue']]);
  expect(told).toEqual([
    ['tool.started', undefined],
    ['tool.queued', QUEUE],
    ['tool.claimed', undefined],
    ['tool.completed', undefined],
  ]);
  expect(events.find(({ type }) => type === 'tool.claimed')).toMatchObject({
    data: { actor: { principal: 'svc:bank' } },
  });
});

test('S1.15 what it says of its failure reaches the model, and nothing else does', async () => {
  const run = await anna.startRun({ agent: 'payer', input: 'Pay 20000 to ACME' });
  await run.decide(await run.pending(), 'approve');
  expect(await run.settles()).toMatchObject({
    output: 'Not paid. The bank takes no more than 10000 at a time.',
  });
  expect(paid()).toHaveLength(1);
});

test('S1.15 a task that the gate has not handed over has no effect, whoever puts it on the queue', async () => {
  const connection = await Connection.connect({ address: world.temporalAddress });
  const client = new Client({ connection });
  const digest = `sha256:${'0'.repeat(64)}`;
  const runId = `run_${'a'.repeat(26)}`;
  const task = { v: 1, taskId: `task_${'a'.repeat(26)}`, runId, toolCallId: 'call_1_0', tool: 'send_payment' } as const;
  const forged: ToolTaskInput = {
    v: 1,
    task: { ...task, effectKey: 'mine', digest, definitionDigest: digest },
    taskQueue: QUEUE,
    startWithinMs: 20_000,
    timeoutMs: 20_000,
  };
  const workflowId = `${world.taskQueue}-forged`;
  const handle = await client.workflow.start(TOOL_TASK, { taskQueue: world.taskQueue, workflowId, args: [forged] });
  await handle.result();
  const { events } = await handle.fetchHistory();
  const failures = (events ?? []).flatMap(({ activityTaskFailedEventAttributes: failed }) => failed?.failure ?? []);
  expect(failures).toMatchObject([{ message: 'The call is not to be had.' }]);
  expect(paid()).toHaveLength(1);
  await connection.close();
});

test('S1.15 a permit that another installation has signed lets nothing run', async () => {
  const foreign = { ...trustedKeys(await createSigningKeys(Date.now())), audience: world.keys.audience };
  await startWorker(`${QUEUE}-other`, foreign);
  const run = await anna.startRun({ agent: 'stranger', input: 'Pay 7 to ACME' });
  await run.decide(await run.pending(), 'approve');
  // It had taken the call, and nobody here knows what it did with it.
  expect(await run.settles()).toMatchObject({ status: 'needs_attention', attentions: [{ code: 'outcome_unknown' }] });
  expect(paid()).toHaveLength(1);
});
