/** What the model step makes of a model's calls, and what it tells the model beforehand. On real PostgreSQL. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { instructionsFor } from '../../src/activities/describe-actions.ts';
import { judgeCalls } from '../../src/activities/judge-calls.ts';
import type { Turn } from '../../src/activities/judge-calls.ts';
import { createCurrentPolicies } from '../../src/activities/current-policy.ts';
import { createPinnedRuns } from '../../src/activities/pinned-run.ts';
import type { PinnedRun } from '../../src/activities/pinned-run.ts';
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import { blockRun } from '../../src/adapters/tools/built-in/block-run.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { trustedKeys } from '../../src/platform/signing-keys.ts';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { stepDependencies } from '../../src/worker/step-dependencies.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';
import { storeGrant } from '../support/grants.ts';

const input = z.strictObject({ amount: z.number() });
const agent = testAgent({
  script: [],
  instructions: 'Help.',
  tools: [
    recordingTool('refund', { input }),
    recordingTool('free', { input }),
    recordingTool('never', { input }),
    recordingTool('some', { input }),
    askUser(),
    blockRun(),
  ],
  policy: [
    { id: 'remember', match: 'refund', effect: 'ask', grantable: { scopes: ['agent'], maxTtl: '1h', maxUses: 9 } },
    { id: 'free', match: 'free', effect: 'allow' },
    { id: 'open', match: '{ask_user,block_run}', effect: 'allow' },
    { id: 'never', match: 'never', effect: 'deny' },
    { id: 'some', match: 'some', when: 'args.amount < 10.0', effect: 'allow' },
  ],
  contract: { artifacts: [{ path: 'out.md', minBytes: 3 }] },
});

let gate: Gate;
let run: GateRun;
let pinned: PinnedRun;
let parts: ReturnType<typeof stepDependencies>;
beforeAll(async () => {
  gate = await openGate(agent);
  run = await gate.run();
  const provider = { apiKey: undefined, baseUrl: undefined };
  parts = stepDependencies({
    ...{ store: gate.store, trust: trustedKeys(gate.keys), agents: [agent], workspacesRoot: '/nowhere', forbidden: [] },
    clock: { nowMs: async () => gate.nowMs },
    logger: createLogger({ level: 'silent', service: 'judge' }),
    models: { openai: provider, anthropic: provider, google: provider, compatible: provider },
  });
  pinned = await createPinnedRuns(parts, createCurrentPolicies(gate.store)).load(run.start);
});
afterAll(() => gate[Symbol.asyncDispose]());

const judge = async (calls: [string, JsonValue][], revising?: Turn['revising']) => {
  const usage = { inputTokens: 0, outputTokens: 0, turns: 0, toolCalls: 0 };
  const facts = { turn: 1, startedAt: new Date(gate.nowMs).toISOString(), usage };
  const requested = calls.map(([tool, args], index) => ({
    providerCallId: `p${index}`,
    tool,
    argumentsText: JSON.stringify(args),
  }));
  return (await judgeCalls(parts, pinned, { requested, facts, revising })).calls;
};

test('S1.16 equal calls of a run have the same fingerprint, and no others', async () => {
  const calls = await judge([
    ['refund', { amount: 5 }],
    ['refund', { amount: 5 }],
    ['refund', { amount: 6 }],
    ['free', { amount: 5 }],
  ]);
  const prints = calls.map((call) => call.fingerprint);
  expect(prints[0]).toBe(prints[1]);
  expect(new Set(prints).size).toBe(3);
  expect(new Set(calls.map((call) => call.digest)).size).toBe(4);
});

test('S1.8 the first good call of a tool that was sent back is its next revision', async () => {
  const argumentsRef = { sha256: 'a'.repeat(64), bytes: 1 };
  const revised = { approvalId: 'tool-approval:x:call_1_0', revision: 2, argumentsRef };
  const [bad, first, second, other] = await judge(
    [
      ['refund', { amount: 'five' }],
      ['refund', { amount: 5 }],
      ['refund', { amount: 5 }],
      ['some', { amount: 50 }],
    ],
    { refund: revised, never: revised },
  );
  expect(bad).not.toHaveProperty('supersedes');
  expect(first).toMatchObject({ revision: 3, supersedes: revised.approvalId, previousArgumentsRef: argumentsRef });
  for (const call of [second, other]) expect(call).not.toHaveProperty('supersedes');
  const [denied] = await judge([['never', { amount: 5 }]], { never: revised });
  expect(denied).not.toHaveProperty('supersedes');
});

test('S1.7 a question waits whatever policy allows; blocking takes its reason along', async () => {
  const [question, block] = await judge([
    ['ask_user', { question: 'Which?' }],
    ['block_run', { reason: 'Stuck.' }],
  ]);
  expect(question).toMatchObject({
    role: 'question',
    verdict: { effect: 'ask', allowedDecisions: ['respond', 'reject'] },
  });
  expect(question?.verdict?.approverRules).toHaveLength(1);
  expect(block).toMatchObject({ role: 'block', reasonRef: { bytes: expect.any(Number) } });
});

test('S4.3 a grant is named for as many calls as it has uses left', async () => {
  const constraints = { '/amount': { max: 10 } };
  const grantId = await storeGrant(gate.store, run, { constraints, nowMs: gate.nowMs, command: { maxUses: 2 } });
  const calls = await judge([
    ['refund', { amount: 5 }],
    ['refund', { amount: 50 }],
    ['refund', { amount: 6 }],
    ['refund', { amount: 7 }],
    ['free', { amount: 5 }],
  ]);
  expect(calls.map((call) => call.grantId)).toEqual([grantId, undefined, grantId, undefined, undefined]);
});

describe('the model is told', () => {
  test('exactly what it may do, after its own instructions', () => {
    const text = instructionsFor(pinned);
    expect(text.startsWith('Help.\n\n# What you may do\n\n')).toBe(true);
    expect(text).toContain('- refund: waits until people consent.');
    expect(text).toContain('- free: runs at once.');
    expect(text).toContain('- never: is denied: do not call it.');
    expect(text).toContain('- some: runs, waits for consent or is denied, depending on the call.');
    expect(text).toContain('- ask_user: asks a person');
    expect(text).toContain('- block_run: stops the run');
    expect(text).toContain('- out.md (at least 3 bytes)');
  });

  test('nothing where there is nothing to say', () => {
    const definition = { ...pinned.definition, tools: [], contract: { artifacts: [] } };
    expect(instructionsFor({ ...pinned, definition })).toBe('Help.');
  });
});
