/** The gate and the secrets that tools use: asked for last, by their pinned name, and refused where there is none. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CredentialProvider } from '../../src/adapters/credentials/credential-provider.ts';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';

const seen: (string | undefined)[] = [];
const tool = recordingTool('push', {
  credential: 'github',
  run: async (_, { credential }) => {
    seen.push(credential);
    return { ok: true };
  },
});
const agent = testAgent({ script: [], tools: [tool] });
const asked: string[] = [];
let answer: () => Promise<string | undefined>;
const credentials: CredentialProvider = {
  resolve: ({ reference }) => {
    asked.push(reference);
    return answer();
  },
};

let gate: Gate;
let run: GateRun;
let index = 0;
const approved = async () => {
  const judged = await run.judged('push', {}, index++);
  return { ...judged, evidence: [await run.consent(judged)] };
};

beforeAll(async () => {
  gate = await openGate(agent, [], { credentials });
  run = await gate.run();
});
beforeEach(() => {
  asked.length = 0;
  seen.length = 0;
});
afterAll(() => gate[Symbol.asyncDispose]());

test('B20 a secret is asked for once the call is proven, and not before', async () => {
  answer = () => Promise.resolve('a-long-secret');
  const call = await approved();
  expect(await gate.dispatch({ ...call, evidence: [] })).toMatchObject({ code: 'consent_missing' });
  expect(asked).toEqual([]);
  expect(await gate.dispatch(call)).toMatchObject({ type: 'completed' });
  expect({ asked, seen }).toEqual({ asked: ['github'], seen: ['a-long-secret'] });
});

test('S1.19 a secret that is missing, or too short to be kept out of records, parks the call', async () => {
  answer = () => Promise.resolve(undefined);
  expect(await gate.dispatch(await approved())).toMatchObject({ code: 'credential_missing', then: 'park' });
  answer = () => Promise.resolve('short');
  expect(await gate.dispatch(await approved())).toMatchObject({ code: 'credential_unusable', then: 'park' });
  expect(seen).toEqual([]);
  expect(await gate.refusals()).not.toContain('credential_missing');
});

test('S1.19 a provider that is down is asked again: nothing was reserved', async () => {
  answer = () => Promise.reject(new Error('a-long-secret'));
  const call = await approved();
  const failure = await gate.dispatch(call).catch((error: unknown) => error);
  expect(failure).toMatchObject({ type: 'credentials_unavailable', nonRetryable: false });
  expect(JSON.stringify(failure)).not.toContain('a-long-secret');
  answer = () => Promise.resolve('a-long-secret');
  expect(await gate.dispatch(call)).toMatchObject({ type: 'completed' });
});
