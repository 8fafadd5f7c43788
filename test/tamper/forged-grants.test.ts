/** Grants: what is covered runs and is counted; a grant that is forged, altered, stretched or used up is none. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { recordingTool, testAgent } from '../../src/testing/index.ts';
import { approvalId } from '../../src/domain/core/ids.ts';
import type { GrantCommand } from '../../src/domain/schemas/command.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import { createSigningKeys } from '../../src/platform/signing-keys.ts';
import { recordCommand } from '../../src/store/commands.ts';
import { getGrant, revokeGrant } from '../../src/store/grants.ts';
import type { GrantRow } from '../../src/store/grants.ts';
import { readEvents } from '../../src/store/events.ts';
import { person } from '../support/core.ts';
import { openGate } from '../support/gate.ts';
import type { Gate, GateRun } from '../support/gate.ts';
import { storeGrant } from '../support/grants.ts';
import type { GivenGrant } from '../support/grants.ts';
import { TOLD } from '../support/told.ts';

const input = z.strictObject({ amount: z.number() });
const refund = recordingTool('refund', { input });
const strict = recordingTool('strict', { input });
const tools = [refund, strict];
const grantable = { scopes: ['run' as const, 'agent' as const], maxTtl: '1h', maxUses: 5 };
const agent = testAgent({
  script: [],
  tools,
  policy: [
    { id: 'two', match: 'refund', effect: 'ask', approvers: { approvals: 2 }, grantable },
    { id: 'each', match: 'strict', effect: 'ask' },
  ],
});

let gate: Gate;
let run: GateRun;
let index = 0;
beforeAll(async () => {
  gate = await openGate(agent);
  run = await gate.run();
});
afterAll(() => gate[Symbol.asyncDispose]());

const five = { '/amount': { equals: 5 } };
const grant = (given: Partial<GivenGrant> = {}) =>
  storeGrant(gate.store, run, { constraints: five, nowMs: gate.nowMs, ...given });
const entered = () => tools.reduce((sum, tool) => sum + tool.calls.length, 0);
const judged = async (tool: string, amount = 5, from: GateRun = run): Promise<RunToolInput> => ({
  ...(await from.judged(tool, { amount }, index++, { isAsked: false })),
  basis: 'grant',
});
const outcome = async (grantId: string, call: RunToolInput): Promise<string> => {
  const before = entered();
  const result = await gate.dispatch({ ...call, grantId });
  expect(entered() - before).toBe(result.type === 'completed' ? 1 : 0);
  return result.type === 'refused' ? `${result.code}/${result.then}` : result.type;
};
const ASKS = 'grant_unusable/ask';

describe('S4.3 a grant', () => {
  test('lets covered calls run until it is used up; then people are asked as the next revision', async () => {
    const grantId = await grant({ command: { maxUses: 2 } });
    const [first, second, third] = await Promise.all([judged('refund'), judged('refund'), judged('refund')]);
    expect(await outcome(grantId, first)).toBe('completed');
    expect(await outcome(grantId, second)).toBe('completed');
    const used = await gate.dispatch({ ...third, grantId });
    expect(used).toMatchObject({
      code: 'grant_unusable',
      then: 'ask',
      asked: { revision: 2, verdict: { ruleId: 'two' } },
    });
    const events = await readEvents(gate.store, run.start, run.runId, { after: 0, limit: 1_000 });
    expect(events.filter(({ type }) => type === 'grant.used').map(({ data }) => data['uses'])).toEqual([1, 2]);
    // The same dispatch again takes no second use, and has no second effect.
    const before = entered();
    expect(await gate.dispatch({ ...first, grantId })).toMatchObject({ type: 'completed' });
    expect(entered()).toBe(before);
    expect(await getGrant(gate.store, run.start, grantId)).toMatchObject({ uses: 2 });
  });

  test('does not cover other arguments, other tools, or what no rule lets people remember', async () => {
    const grantId = await grant();
    expect(await outcome(grantId, await judged('refund', 6))).toBe(ASKS);
    expect(await outcome(grantId, await judged('strict'))).toBe(ASKS);
    const strictGrant = await grant({ command: { tool: 'strict' } });
    expect(await outcome(strictGrant, await judged('strict'))).toBe(ASKS);
  });

  test('that is revoked, past its end or of another run is none', async () => {
    const [revoked, ended, elsewhere] = await Promise.all([
      grant(),
      grant(),
      grant({ command: { scope: 'run', scopeId: `run_${'a'.repeat(26)}` } }),
    ]);
    await revokeGrant(gate.store, run.start, revoked, { principal: 'olga', nowMs: gate.nowMs }, TOLD);
    expect(await outcome(revoked, await judged('refund'))).toBe(ASKS);
    expect(await outcome(elsewhere, await judged('refund'))).toBe(ASKS);
    gate.nowMs += 3_600_000;
    expect(await outcome(ended, await judged('refund'))).toBe(ASKS);
    expect(await outcome(await grant({ command: { scope: 'run', scopeId: run.runId } }), await judged('refund'))).toBe(
      'completed',
    );
  });

  const drifted: [string, Partial<GrantCommand>][] = [
    ['agent', { agentDigest: `sha256:${'5'.repeat(64)}` }],
    ['policy', { policyDigest: `sha256:${'5'.repeat(64)}` }],
    ['tool', { definitionDigest: `sha256:${'5'.repeat(64)}` }],
    ['requester', { requester: 'sam' }],
    ['name of the agent', { agent: 'other' }],
  ];
  test.each(drifted)('for another %s is none', async (_name, command) => {
    expect(await outcome(await grant({ command }), await judged('refund'))).toBe(ASKS);
  });

  test.each<[string, Partial<GrantCommand>]>([
    ['longer', { expiresAt: Number.MAX_SAFE_INTEGER }],
    ['more often', { maxUses: 6 }],
    ['wider', { scope: 'conversation', scopeId: 'c' }],
  ])('that holds %s than the rule lets it is none', async (_name, command) => {
    expect(await outcome(await grant({ command }), await judged('refund'))).toBe(ASKS);
  });
});

describe('S4.2 a forged grant', () => {
  test('that nobody made is none', async () => {
    expect(await outcome('grant_none', await judged('refund'))).toBe('grant_missing/ask');
    expect((await gate.refusals()).at(-1)).toBe('grant_missing');
  });

  const rows: [string, Partial<GrantRow>][] = [
    ['arguments', { constraintsRef: { sha256: 'e'.repeat(64), bytes: 1 } }],
    ['requester', { requester: 'rita' }],
  ];
  test.each(rows)('whose row says otherwise of its %s than what was signed is none', async (_name, row) => {
    const command = { requester: 'sam' };
    expect(await outcome(await grant({ command, row }), await judged('refund'))).toBe(ASKS);
  });

  test.each([{ maxUses: 4 }, { expiresAt: 8_000_000_000_000 }])(
    'whose row says %j, and its signature something else',
    async (row) => {
      expect(await outcome(await grant({ row }), await judged('refund'))).toBe('grant_altered/ask');
    },
  );

  test('signed by somebody else, under another name, or by a service is none', async () => {
    const signed = async (change: Partial<GrantCommand>, actor = person('olga'), forger = false) => {
      const grantId = await grant();
      const row = await getGrant(gate.store, run.start, grantId);
      const command = { ...(JSON.parse(row?.signed.bytes ?? '') as GrantCommand), ...change };
      const signer = forger ? await createCommandSigner(await createSigningKeys(gate.nowMs)) : undefined;
      const by = await run.sign(command, { actor }, signer);
      await gate.store.pool.query('UPDATE grants SET bytes = $2, jws = $3 WHERE grant_id = $1', [
        grantId,
        by.bytes,
        by.jws,
      ]);
      return outcome(grantId, await judged('refund'));
    };
    expect(await signed({}, person('olga'), true)).toBe('grant_untrusted_key/ask');
    expect(await signed({ grantId: 'grant_other' })).toBe('grant_malformed/ask');
    expect(await signed({}, { ...person('bot'), kind: 'service' })).toBe('grant_not_by_a_person/ask');
    expect((await gate.refusals()).slice(-3)).toEqual([
      'grant_untrusted_key',
      'grant_malformed',
      'grant_not_by_a_person',
    ]);
  });
});

describe('S4.2 a grant that a decision made', () => {
  const decided = async (voters: readonly string[], maker: string) => {
    const call = await run.judged('refund', { amount: 5 }, index++);
    const grantId = await grant({ command: { runId: run.runId }, by: maker });
    for (const voter of voters) {
      const signed = await run.consent(call, voter === maker ? { grantId } : {}, { actor: person(voter) });
      const { jti } = JSON.parse(Buffer.from(signed.jws.split('.')[1] ?? '', 'base64url').toString()) as {
        jti: string;
      };
      const { tenant, project } = run.start;
      const record = { tenant, project, runId: run.runId, type: 'decide' as const, principal: voter };
      await recordCommand(gate.store, { ...record, iat: gate.nowMs, signatureId: jti, contributes: false, signed });
    }
    return { grantId, call };
  };

  test('holds where that decision had the whole quorum', async () => {
    const { grantId, call } = await decided(['ann', 'ben'], 'ben');
    expect(await outcome(grantId, await judged('refund'))).toBe('completed');
    expect(approvalId(run.runId, call.toolCallId)).toContain(run.runId);
  });

  test('is none where a row says that it is live, and nobody else had agreed', async () => {
    const { grantId } = await decided(['ann'], 'ann');
    expect(await outcome(grantId, await judged('refund'))).toBe('grant_quorum_not_met/ask');
    const { grantId: byNobody } = await decided(['ann', 'ben'], 'carl');
    expect(await outcome(byNobody, await judged('refund'))).toBe('grant_without_decision/ask');
  });
});
