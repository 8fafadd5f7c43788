import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Approval as ApprovalView } from '../../src/contract/approvals.ts';
import type { DecisionReceipt, DecisionView, PendingDecision } from '../../src/contract/decisions.ts';
import type { Page } from '../../src/contract/pagination.ts';
import type { Approval, DecisionKind } from '../../src/domain/schemas/approval.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { deciding, forgetAnswersAfterEach, pathOf } from './deciding.ts';
import { decidedEvent, readDecision, refusedEvent, scriptedRun } from './run-script.ts';
import type { ScriptedRun } from './run-script.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld({ limits: { decisionWaitMs: 400, approvalWaitMs: 700 } });
});
afterAll(() => world[Symbol.asyncDispose]());
forgetAnswersAfterEach(() => world);
const { decide, approve } = deciding(() => world);

/** The workflow takes every decision that comes first, and refuses the others, as the domain does. */
function decideFirstWins(run: ScriptedRun, approval: Approval): void {
  let winner: { decisionId: string; decision: DecisionKind; principal: string } | undefined;
  let line = Promise.resolve();
  world.gateway.onDecide = (_address, signed: SignedCommand) => {
    const { command, claims } = readDecision(signed);
    const event = winner ? refusedEvent(signed, 'already_decided', winner) : decidedEvent(approval, signed);
    winner ??= { decisionId: command.decisionId, decision: command.decision, principal: claims.actor.principal };
    line = line.then(() => run.happens(event));
    return 'accepted';
  };
}

describe('S3 seeing what asks for consent', () => {
  test('the approval has all a person must see, and who looks is told what they may do', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    const { status, body, headers } = await world.call<ApprovalView>('GET', pathOf(approval));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      approvalId: approval.approvalId,
      status: 'pending',
      agent: 'refunds',
      requester: 'ada',
      tool: { name: 'refund', description: 'Pays an order back.', effect: 'once' },
      arguments: { order: 7, amount: 12.5 },
      digest: approval.digest,
      risk: 'high',
      rule: { id: 'ask-refunds', layer: 'agent', reason: 'Money leaves the house.' },
      viewer: { canDecide: true, decisions: ['approve', 'reject'], why: null },
      links: { decisions: `${pathOf(approval)}/decisions` },
    });
    const unchanged = await world.call('GET', pathOf(approval), {
      headers: { 'if-none-match': headers.get('etag') ?? '' },
    });
    expect(unchanged.status).toBe(304);
    const auditor = await world.newKey({ roles: ['auditor'], principal: 'eve' });
    const seen = await world.call<ApprovalView>('GET', pathOf(approval), { key: auditor.key });
    expect(seen.body.viewer).toMatchObject({ canDecide: false, decisions: [], why: { code: 'forbidden' } });
  });

  test('the inbox filters and pages; large arguments are left out of lists only', async () => {
    const run = await scriptedRun(world);
    const keys = ['call_1_0', 'call_1_1', 'call_1_2'];
    for (const toolCallId of keys) {
      await run.asks(
        { toolCallId, key: toolCallId, tool: 'inboxed' },
        { text: 'x'.repeat(toolCallId === 'call_1_1' ? 20_000 : 2) },
      );
    }
    const first = await world.call<Page<ApprovalView>>('GET', '/v1/approvals?tool=inboxed&status=pending&limit=2');
    const second = await world.call<Page<ApprovalView>>(
      'GET',
      `/v1/approvals?tool=inboxed&status=pending&limit=2&cursor=${first.body.nextCursor}`,
    );
    const all = [...first.body.data, ...second.body.data];
    expect(all.map(({ key }) => key)).toEqual(keys);
    expect(second.body.nextCursor).toBeNull();
    expect(all.map((one) => one.arguments !== undefined)).toEqual([true, false, true]);
    const whole = await world.call<ApprovalView>('GET', `/v1/runs/${run.runId}/approvals/call_1_1`);
    expect(whole.body.arguments).toEqual({ text: 'x'.repeat(20_000) });
    const wrong = await world.call('GET', `/v1/approvals?order=age&cursor=${first.body.nextCursor}`);
    expect(wrong.body.code).toBe('invalid_cursor');
    const none = await world.call<Page<ApprovalView>>('GET', '/v1/approvals?tool=inboxed&risk=low');
    expect(none.body.data).toEqual([]);
    const ofRun = await world.call<Page<ApprovalView>>('GET', `/v1/runs/${run.runId}/approvals`);
    expect(ofRun.body.data).toHaveLength(3);
    const requester = await world.newKey({ roles: ['requester'], principal: 'bob' });
    const others = await world.call<Page<ApprovalView>>('GET', '/v1/approvals?tool=inboxed', { key: requester.key });
    expect(others.body.data).toEqual([]);
  });
});

describe('S3 deciding', () => {
  test('200 recorded on the event that names the decision; the reason travels as a blob', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    decideFirstWins(run, approval);
    const { status, body, headers } = await decide<DecisionReceipt>(approval, {
      decision: 'reject',
      reason: 'Wrong customer.',
    });
    expect([status, body.outcome]).toEqual([200, 'recorded']);
    expect(body.approval).toMatchObject({
      status: 'rejected',
      decision: {
        decisionId: body.decisionId,
        decision: 'reject',
        principal: 'ada',
        channel: 'api',
        reason: 'Wrong customer.',
      },
      viewer: { canDecide: false, why: { code: 'already_decided' } },
    });
    const signed = world.gateway.decisions.at(-1)?.command;
    expect(signed?.bytes).not.toContain('Wrong customer');
    expect(signed && readDecision(signed).claims).toMatchObject({
      channel: 'api',
      actor: { principal: 'ada', kind: 'person' },
    });
    expect(world.gateway.questions).toEqual([]);
    const view = await world.call<DecisionView>('GET', headers.get('location') ?? '');
    expect(view.body).toMatchObject({ outcome: 'recorded', code: null });
  });

  test.each(['approve', 'reject'])(
    '%s: the answer, made from the event, is what the store says since',
    async (decision) => {
      const run = await scriptedRun(world);
      const approval = await run.asks();
      decideFirstWins(run, approval);
      const given = { decision, digest: approval.digest, reason: 'Seen.' };
      const { status, body } = await decide<DecisionReceipt>(approval, given);
      expect(status).toBe(200);
      expect(body.approval).toEqual((await world.call('GET', pathOf(approval))).body);
      expect(body.approval.executeBy === null).toBe(decision === 'reject');
    },
  );

  test('the same decision by the same person again is 200 already_recorded, without a signal', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    decideFirstWins(run, approval);
    const first = await approve(approval);
    const signals = world.gateway.decisions.length;
    const again = await approve(approval);
    expect([again.status, again.body.outcome, again.body.decisionId]).toEqual([
      200,
      'already_recorded',
      first.body.decisionId,
    ]);
    expect(world.gateway.decisions).toHaveLength(signals);
  });

  test('another decision is 409 and names the winner', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    decideFirstWins(run, approval);
    const first = await approve(approval);
    const { status, body } = await decide(approval, { decision: 'reject' });
    expect([status, body.code]).toEqual([409, 'already_decided']);
    expect(body.winner).toEqual({ decisionId: first.body.decisionId, decision: 'approve', principal: 'ada' });
    expect(body.currentStatus).toBe('approved');
  });

  test('S3.1 ten conflicting deciders at once: one 200, the others told who won', async () => {
    const people = await Promise.all(
      Array.from({ length: 10 }, (_, index) => world.newKey({ principal: `p${index}` })),
    );
    const run = await scriptedRun(world);
    const approval = await run.asks();
    decideFirstWins(run, approval);
    // Each has used their key before, as people have who loaded the approval.
    await Promise.all(people.map(({ key }) => world.call('GET', pathOf(approval), { key })));
    const answers = await Promise.all(
      people.map(async ({ key }, index) => {
        const decision = index % 2 === 0 ? 'approve' : 'reject';
        return decide<DecisionReceipt>(approval, { decision, digest: approval.digest }, { key });
      }),
    );
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    const lost = answers.filter(({ status }) => status === 409);
    expect(lost).toHaveLength(9);
    for (const { text } of lost) expect(JSON.parse(text).winner.decisionId).toBe(won[0]?.body.decisionId);
  });

  test('S3.2 what is approved is what was shown: a missing digest is 400, another 409 with the current one', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    const missing = await decide(approval, { decision: 'approve' });
    expect([missing.status, missing.body.code]).toEqual([400, 'digest_required']);
    const digest = `sha256:${'0'.repeat(64)}`;
    const other = await decide(approval, { decision: 'approve', digest });
    expect([other.status, other.body.code, other.body.currentDigest]).toEqual([
      409,
      'digest_mismatch',
      approval.digest,
    ]);
    const rejected = await decide(approval, { decision: 'reject', digest });
    expect(rejected.body.code).toBe('digest_mismatch');
  });

  test.each([
    ['someone outside the groups', { groups: ['finance'] }, {}, 'not_an_approver', 403],
    ['someone in the groups', { groups: ['support'] }, {}, undefined, 200],
    ['the requester where another is wanted', { notRequester: true }, {}, 'self_approval', 403],
    ['another where another is wanted', { notRequester: true }, { principal: 'grace' }, undefined, 200],
    ['a named user', { users: ['grace'] }, { principal: 'grace' }, undefined, 200],
    ['a service', {}, { kind: 'service' as const }, 'service_cannot_decide', 403],
    [
      'a service without the role',
      {},
      { kind: 'service' as const, roles: ['requester' as const] },
      'service_cannot_decide',
      403,
    ],
    ['a person without the role', {}, { roles: ['operator' as const, 'admin' as const] }, 'forbidden', 403],
  ])('%s', async (_name, rule, credential, code, status) => {
    const run = await scriptedRun(world);
    const base = { approvals: 1 as const, rejections: 1 as const, notRequester: false, reasonRequired: false };
    const { verdict } = await run.asks({ toolCallId: 'call_9_0', key: 'call_9_0' });
    const approval = await run.asks({ verdict: { ...verdict, approverRules: [{ ...base, ...rule }] } });
    decideFirstWins(run, approval);
    const { key } = await world.newKey(credential);
    const signals = world.gateway.decisions.length;
    const answer = await approve<{ code?: string }>(approval, { key });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(world.gateway.decisions.length - signals).toBe(code ? 0 : 1);
  });

  test('a required reason and the allowed decisions: 422, still open', async () => {
    const run = await scriptedRun(world);
    const { verdict } = await run.asks({ toolCallId: 'call_9_0', key: 'call_9_0' });
    const approverRules = [
      { approvals: 1 as const, rejections: 1 as const, notRequester: false, reasonRequired: true },
    ];
    const approval = await run.asks({ verdict: { ...verdict, allowedDecisions: ['approve'], approverRules } });
    const noReason = await approve<{ code: string }>(approval);
    expect([noReason.status, noReason.body.code]).toEqual([422, 'reason_required']);
    const notAllowed = await decide(approval, { decision: 'reject', reason: 'No.' });
    expect([notAllowed.status, notAllowed.body.code]).toEqual([422, 'decision_not_allowed']);
    const { body } = await world.call<ApprovalView>('GET', pathOf(approval));
    expect(body.viewer.decisions).toEqual(['approve']);
    expect(body.status).toBe('pending');
    decideFirstWins(run, approval);
    const given = await decide(approval, { decision: 'approve', digest: approval.digest, reason: 'Checked.' });
    expect(given.status).toBe(200);
  });

  test('S3.5 too late by our own clock is 410 expired, and so is what the run expired', async () => {
    const run = await scriptedRun(world);
    const late = await run.asks({ decideBy: Date.now() - 1 });
    expect([(await approve<{ code: string }>(late)).body.code]).toEqual(['expired']);
    await run.happens({ type: 'approval.expired', at: Date.now(), data: { approvalId: late.approvalId, revision: 1 } });
    const { status, body } = await approve<{ code: string }>(late);
    expect([status, body.code]).toEqual([410, 'expired']);
  });

  test('S0.11 a run that is over is 410, by its row or by what Temporal says', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    world.gateway.onDecide = () => 'run_over';
    const byTemporal = await approve<{ code: string }>(approval);
    expect([byTemporal.status, byTemporal.body.code]).toEqual([410, 'run_over']);
    await run.happens(
      { type: 'approval.withdrawn', at: Date.now(), data: { approvalId: approval.approvalId, revision: 1 } },
      { type: 'run.cancelled', at: Date.now(), data: { channel: 'api' } },
    );
    const byRow = await approve<{ code: string }>(approval);
    expect([byRow.status, byRow.body.code]).toEqual([410, 'run_over']);
  });

  test('who won is told also by a run that has forgotten the approval', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    // Somebody else's decision wins between our look at the row and our signal; by then the run has moved on.
    world.gateway.onDecide = async (_address, signed) => {
      const { command, claims } = readDecision(signed);
      const other = { ...command, decisionId: `dec_${'a'.repeat(26)}`, decision: 'approve' as const };
      const actor = { ...claims.actor, principal: 'grace' };
      const payload = Buffer.from(JSON.stringify({ ...claims, actor })).toString('base64url');
      const first = { bytes: JSON.stringify(other), jws: `e30.${payload}.e30` };
      await run.happens(decidedEvent(approval, first), refusedEvent(signed, 'unknown_approval'));
      return 'accepted' as const;
    };
    const { status, body } = await decide(approval, { decision: 'reject' });
    expect([status, body.code]).toEqual([409, 'already_decided']);
    expect(body.winner).toMatchObject({ decision: 'approve', principal: 'grace' });
  });

  test('who won is told also after the run has ended', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    decideFirstWins(run, approval);
    await approve(approval);
    await run.happens({ type: 'run.completed', at: Date.now(), data: { receipts: [] } });
    const { status, body } = await decide(approval, { decision: 'reject' });
    expect([status, body.code, body.winner?.decision]).toEqual([409, 'already_decided', 'approve']);
    expect((await approve(approval)).body.outcome).toBe('already_recorded');
  });

  test('an unknown approval is 404, after waiting for one that is about to be stored', async () => {
    const run = await scriptedRun(world);
    const nothing = await world.call('POST', `/v1/runs/${run.runId}/approvals/call_7_0/decisions`, {
      body: { decision: 'reject' },
    });
    expect([nothing.status, nothing.body.code]).toEqual([404, 'approval_not_found']);
    const ghost = { runId: run.runId, key: 'call_1_0', digest: '' } as Approval;
    const early = decide<DecisionReceipt>(ghost, { decision: 'reject' });
    world.gateway.onDecide = async (_address, signed) => {
      await run.happens(decidedEvent(ghost, signed));
      return 'accepted' as const;
    };
    await run.asks();
    expect((await early).status).toBe(200);
  });

  test('a key names its decision: a repeat is the same, the other answer under it is 422', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    const headers = { 'idempotency-key': 'd-1' };
    world.gateway.onDecide = () => 'accepted';
    const first = await approve<PendingDecision>(approval, { headers });
    const repeat = await approve<PendingDecision>(approval, { headers });
    expect(repeat.body.decisionId).toBe(first.body.decisionId);
    decideFirstWins(run, approval);
    const recorded = await approve(approval, { headers });
    expect([recorded.status, recorded.body.decisionId]).toEqual([200, first.body.decisionId]);
    const other = await decide(approval, { decision: 'reject' }, { headers });
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_mismatch']);
  });
});
