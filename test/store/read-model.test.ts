import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { ApprovalStatus } from '../../src/domain/schemas/approval.ts';
import { getApproval, listApprovals } from '../../src/store/approvals.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents } from '../../src/store/events.ts';
import { getRun } from '../../src/store/run-rows.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { openTestStore } from '../support/database.ts';
import { append, approvalOf, newRunId, NOW, numbered, otherScopes, person, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const at = NOW + 1_000;
const output = makeBlob('Done.').ref;
const started = (run: RunRow): RunEvent => ({
  type: 'run.started',
  at,
  data: {
    agent: run.agent,
    agentDigest: run.agentDigest,
    policyDigest: run.policyDigest,
    requester: { principal: run.requester, groups: [...run.requesterGroups] },
    inputRef: run.inputRef,
  },
});
const suspended: RunEvent = { type: 'run.suspended', at, data: {} };
const resumed: RunEvent = { type: 'run.resumed', at, data: {} };
const blocked: RunEvent = { type: 'run.blocked', at, data: { code: 'drift', detail: 'tool changed' } };
const completed: RunEvent = { type: 'run.completed', at, data: { messageRef: output, receipts: [] } };
const failed: RunEvent = { type: 'run.failed', at: at + 1, data: { code: 'contract_unmet', detail: 'no\u0000tes' } };
const cancelled: RunEvent = { type: 'run.cancelled', at: at + 2, data: { channel: 'api' } };

describe('the run row follows the events', () => {
  test.each<[string, RunEvent[], Partial<RunRow>]>([
    ['suspended', [suspended], { status: 'suspended', endedAt: null }],
    ['resumed', [suspended, resumed], { status: 'running' }],
    ['blocked', [blocked], { status: 'needs_attention' }],
    ['completed', [completed], { status: 'completed', endedAt: at, outputRef: output, failure: null }],
    [
      'failed',
      [failed],
      {
        status: 'failed',
        endedAt: at + 1,
        outputRef: null,
        failure: { code: 'contract_unmet', detail: 'no\uFFFDtes' },
      },
    ],
    ['cancelled', [cancelled], { status: 'cancelled', endedAt: at + 2, failure: null }],
    [
      'as it ended, whatever follows',
      [completed, failed, resumed, blocked],
      { status: 'completed', endedAt: at, outputRef: output, failure: null },
    ],
  ])('%s', async (_, events, expected) => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, numbered([started(run), ...events])));
    expect(await getRun(store, scope, run.runId)).toMatchObject(expected);
  });

  test('an event that is stored already does not count again', async () => {
    const run = await storedRun(store);
    await appendEvents(store, append(run, numbered([suspended])));
    await appendEvents(store, append(run, numbered([resumed]), 'bridge'));
    await appendEvents(store, append(run, numbered([suspended, { type: 'turn.started', at, data: { turn: 1 } }])));
    expect(await getRun(store, scope, run.runId)).toMatchObject({ status: 'running', eventSeq: 3 });
  });
});

describe('the approval row follows the events', () => {
  const place = (run: RunRow) => ({ approvalId: approvalOf(run).approvalId, revision: 1 });
  const decided = (run: RunRow, status: 'approved' | 'rejected', decisionId = 'd1'): RunEvent => ({
    type: 'approval.decided',
    at: at + 5,
    data: {
      ...place(run),
      decisionId,
      decision: status === 'approved' ? 'approve' : 'reject',
      status,
      digest: approvalOf(run).digest,
      actor: { ...person, groups: [...person.groups] },
      channel: 'api',
      signatureId: 'jti_1',
      ...(status === 'approved' ? { executeBy: at + 600_000 } : { reasonRef: output }),
    },
  });
  const refused = (run: RunRow, voided: boolean): RunEvent => ({
    type: 'decision.refused',
    at: at + 9,
    data: { ...place(run), decisionId: 'd1', code: 'bad_signature', voided },
  });
  const expired = (run: RunRow): RunEvent => ({ type: 'approval.expired', at, data: place(run) });
  const withdrawn = (run: RunRow): RunEvent => ({ type: 'approval.withdrawn', at, data: place(run) });

  test.each<[string, (run: RunRow) => RunEvent[], ApprovalStatus]>([
    ['requested', () => [], 'pending'],
    ['approved', (run) => [decided(run, 'approved')], 'approved'],
    ['rejected', (run) => [decided(run, 'rejected')], 'rejected'],
    ['the first decision stands', (run) => [decided(run, 'rejected'), decided(run, 'approved', 'd2')], 'rejected'],
    ['expired', (run) => [expired(run)], 'expired'],
    ['withdrawn', (run) => [withdrawn(run)], 'withdrawn'],
    ['a decision after expiry', (run) => [expired(run), decided(run, 'approved')], 'expired'],
    ['a refused decision changes nothing', (run) => [refused(run, false)], 'pending'],
    ['a voided decision pends again', (run) => [decided(run, 'approved'), refused(run, true)], 'pending'],
    [
      'and may be decided again',
      (run) => [decided(run, 'approved'), refused(run, true), decided(run, 'rejected', 'd2')],
      'rejected',
    ],
    ['the end of the run withdraws what pends', () => [failed], 'withdrawn'],
    ['but not what was decided', (run) => [decided(run, 'approved'), cancelled], 'approved'],
    ['nor reopens it later', (run) => [decided(run, 'approved'), cancelled, refused(run, true)], 'approved'],
  ])('%s', async (_, events, status) => {
    const run = await storedRun(store);
    const approval = approvalOf(run);
    const requested: RunEvent = { type: 'approval.requested', at, data: { approval } };
    await appendEvents(store, append(run, numbered([requested, ...events(run)])));
    const row = await getApproval(store, scope, approval.approvalId);
    expect(row?.status).toBe(status);
    const isDecided = status === 'approved' || status === 'rejected';
    expect(row?.decision?.decision).toBe(isDecided ? (status === 'approved' ? 'approve' : 'reject') : undefined);
    expect(row?.decidedAt).toBe(isDecided ? at + 5 : null);
  });

  test('it is the approval as requested, with what was decided', async () => {
    const run = await storedRun(store);
    const approval = approvalOf(run);
    const requested: RunEvent = { type: 'approval.requested', at, data: { approval } };
    await appendEvents(store, append(run, numbered([requested])));
    const beside = { ...scope, rootRunId: run.runId, agent: run.agent, requester: 'ada' };
    expect(await getApproval(store, scope, approval.approvalId)).toEqual({ ...approval, ...beside, decidedAt: null });

    await appendEvents(store, append(run, numbered([requested, decided(run, 'approved')])));
    expect(await getApproval(store, scope, approval.approvalId)).toEqual({
      ...approval,
      ...beside,
      status: 'approved',
      executeBy: at + 600_000,
      decision: { decisionId: 'd1', decision: 'approve', actor: person, channel: 'api', decidedAt: at + 5 },
      decidedAt: at + 5,
    });
  });

  test('another tenant or project sees nothing', async () => {
    const run = await storedRun(store);
    const approval = approvalOf(run);
    await appendEvents(store, append(run, numbered([{ type: 'approval.requested', at, data: { approval } }])));
    for (const other of otherScopes) {
      expect(await getApproval(store, other, approval.approvalId)).toBeUndefined();
      expect(await listApprovals(store, other, { order: 'age', limit: 100 })).toEqual([]);
    }
  });
});

describe('the inbox', () => {
  const inbox = { tenant: 'inbox', project: 'shop' };

  test('by deadline or age, filtered, in pages without gaps or repetitions', async () => {
    const root = await storedRun(store, inbox);
    const sub = await storedRun(store, {
      ...inbox,
      runId: `${root.runId}.aaaaaaaaaaaaaaaa`,
      rootRunId: root.runId,
      agent: 'payments',
    });
    const other = await storedRun(store, inbox);
    const made = [];
    for (const [index, run] of [root, sub, other, root, sub, other, root].entries()) {
      const approval = approvalOf(run, {
        key: `call_1_${index}`,
        tool: index % 2 === 0 ? 'refund' : 'mail',
        requestedAt: NOW + Math.floor(index / 2),
        decideBy: NOW + 100 - (index % 3),
        verdict: { ...approvalOf(run).verdict, risk: index === 5 ? 'critical' : 'low' },
      });
      made.push(approval);
      await appendEvents(
        store,
        append(run, [{ ordinal: index + 1, event: { type: 'approval.requested', at, data: { approval } } }], 'test'),
      );
    }
    const seventh = { approvalId: made[6]!.approvalId, revision: 1 };
    await appendEvents(store, append(root, numbered([{ type: 'approval.expired', at, data: seventh }])));

    for (const [order, place] of [
      ['deadline', 'decideBy'],
      ['age', 'requestedAt'],
    ] as const) {
      const seen: string[] = [];
      let cursor: { at: number; approvalId: string } | undefined;
      do {
        const page = await listApprovals(store, inbox, { order, limit: 2, ...(cursor && { cursor }) });
        seen.push(...page.map((approval) => approval.approvalId));
        const last = page[1];
        cursor = last && { at: last[place], approvalId: last.approvalId };
      } while (cursor);
      const expected = made.toSorted((a, b) => a[place] - b[place] || (a.approvalId < b.approvalId ? -1 : 1));
      expect(seen).toEqual(expected.map((approval) => approval.approvalId));
    }

    const count = async (filter: object) =>
      (await listApprovals(store, inbox, { order: 'deadline', limit: 100, ...filter })).length;
    expect(await count({})).toBe(7);
    expect(await count({ status: 'pending' })).toBe(6);
    expect(await count({ status: 'expired' })).toBe(1);
    expect(await count({ tool: 'mail', status: 'pending' })).toBe(3);
    expect(await count({ agent: 'payments' })).toBe(2);
    expect(await count({ risk: 'critical' })).toBe(1);
    expect(await count({ runId: root.runId })).toBe(5);
    expect(await count({ runId: sub.runId })).toBe(2);
    expect(await count({ runId: newRunId() })).toBe(0);
  });
});
