// The inbox's row says of an approval what the run's own state says of it, whatever has happened.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../src/domain/core/digest.ts';
import { evolve } from '../../src/domain/core/evolve.ts';
import { newRunState } from '../../src/domain/core/state.ts';
import type { RunState } from '../../src/domain/core/state.ts';
import { RunLimits } from '../../src/domain/schemas/agent.ts';
import type { Approval } from '../../src/domain/schemas/approval.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { decidedApproval, getApproval, listApprovals } from '../../src/store/approvals.ts';
import type { ApprovalRow } from '../../src/store/approvals.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import type { RunRow } from '../../src/store/run-rows.ts';
import { openTestStore } from '../support/database.ts';
import { actor, append, approvalOf, NOW, numbered, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

const reasonRef = makeBlob({ text: 'Too much.' }).ref;
const responseRef = makeBlob({ result: 'By hand.' }).ref;
const stateEditsRef = makeBlob([{ path: 'limit', value: 1 }]).ref;
const editedRef = makeBlob({ order: 7, amount: 1 }).ref;

const MOVES = [
  'vote',
  'refuse',
  'warn',
  'remind',
  'extend',
  'escalate',
  'show',
  'approve',
  'edit',
  'revise',
  'reject',
  'respond',
  'request_changes',
  'expire',
  'withdraw',
  'void',
  'reopen',
] as const;
type Move = (typeof MOVES)[number];

/** Tried whatever chance brings: together every move. */
const STORIES: Move[][] = [
  ['vote', 'warn', 'edit', 'void', 'vote', 'extend', 'approve'],
  ['vote', 'refuse', 'remind', 'escalate', 'expire', 'reopen', 'show', 'reject'],
  ['escalate', 'remind', 'warn', 'vote', 'revise', 'respond'],
  ['request_changes'],
  ['revise', 'edit', 'void', 'revise', 'withdraw'],
];

/** What the move means for the approval as it stands; nothing where the run would not make it. */
function eventsOf(move: Move, approval: Approval, step: number): RunEvent[] {
  const at = NOW + step;
  const { approvalId, revision, digest, verdict } = approval;
  const place = { approvalId, revision };
  const decisionId = `d${step}`;
  const signed = { actor: actor(`person-${step}`), channel: 'api', signatureId: `jti_${step}` } as const;
  const deciding = { ...place, ...signed, decisionId, digest, reasonRef };
  const edited = {
    argumentsRef: editedRef,
    digest: digestOf(`edited ${step}`),
    verdict: { ...verdict, risk: 'critical' as const, reason: `edited ${step}` },
  };
  const executeBy = at + 600_000;
  if (approval.status !== 'pending') {
    if (move === 'void' && approval.status === 'approved')
      return [
        { type: 'decision.refused', at, data: { ...place, decisionId: 'd', code: 'bad_signature', voided: true } },
      ];
    if (move === 'reopen' && approval.status === 'expired')
      return [{ type: 'approval.reopened', at, data: { ...place, decideBy: at + 9_000 } }];
    return [];
  }
  switch (move) {
    case 'vote':
      return [{ type: 'approval.vote_recorded', at, data: { ...deciding, decision: 'approve' } }];
    case 'refuse':
      return [{ type: 'decision.refused', at, data: { ...place, decisionId, code: 'not_an_approver' } }];
    case 'warn':
      return [{ type: 'approval.expiring', at, data: { ...place, decideBy: approval.decideBy } }];
    case 'remind': {
      const reminder = (approval.reminded ?? 0) + 1;
      return [{ type: 'approval.reminded', at, data: { ...place, reminder, decideBy: approval.decideBy } }];
    }
    case 'extend': {
      const decideBy = approval.decideBy + 1_000;
      return [{ type: 'approval.extended', at, data: { ...place, ...signed, commandId: `c${step}`, decideBy } }];
    }
    case 'escalate': {
      const data = { ...place, step: (approval.escalated ?? 0) + 1, decideBy: approval.decideBy + 500 };
      return [{ type: 'approval.escalated', at, data }];
    }
    case 'show':
      return [{ type: 'approval.shown', at, data: { ...place, actor: actor('grace'), channel: 'api', digest } }];
    case 'approve': {
      const data = { ...deciding, decision: 'approve', status: 'approved', executeBy, stateEditsRef } as const;
      return [{ type: 'approval.decided', at, data }];
    }
    case 'edit': {
      const data = {
        ...deciding,
        decision: 'edit',
        status: 'approved',
        executeBy,
        edited,
        digest: edited.digest,
      } as const;
      return [{ type: 'approval.decided', at, data }];
    }
    case 'revise': {
      const {
        status: _,
        votes: __,
        decision: ___,
        escalated: ____,
        reminded: _____,
        warned: ______,
        ...asked
      } = approval;
      const next: Approval = {
        ...asked,
        ...edited,
        status: 'pending',
        revision: revision + 1,
        editor: signed.actor.principal,
      };
      return [
        { type: 'approval.superseded', at, data: { ...deciding, decision: 'edit', edited } },
        { type: 'approval.requested', at, data: { approval: next } },
      ];
    }
    case 'reject':
      return [{ type: 'approval.decided', at, data: { ...deciding, decision: 'reject', status: 'rejected' } }];
    case 'respond':
      return [
        { type: 'approval.decided', at, data: { ...deciding, decision: 'respond', status: 'answered', responseRef } },
      ];
    case 'request_changes':
      return [
        { type: 'approval.decided', at, data: { ...deciding, decision: 'request_changes', status: 'superseded' } },
      ];
    case 'expire':
      return [{ type: 'approval.expired', at, data: { ...place, outcome: 'block' } }];
    case 'withdraw':
      return [{ type: 'approval.withdrawn', at, data: place }];
    case 'void':
    case 'reopen':
      return [];
  }
}

const stateOf = (run: RunRow): RunState =>
  newRunState(
    {
      tenant: run.tenant,
      project: run.project,
      runId: run.runId,
      rootRunId: run.runId,
      path: [run.agent],
      agent: run.agent,
      agentDigest: run.agentDigest,
      policyDigest: run.policyDigest,
      requester: { principal: run.requester, groups: [] },
    },
    RunLimits.parse({}),
  );

/** As much of it as both keep. That nobody has been warned is told by absence or by false. */
const shownOf = (approval: Approval) => {
  const { status, digest, revision, verdict, argumentsRef, decideBy, executeBy, decision, votes, editor } = approval;
  const { escalated, reminded, warned = false } = approval;
  const clocks = { decideBy, executeBy, escalated, reminded, warned };
  return { status, digest, revision, verdict, argumentsRef, decision, votes, editor, ...clocks };
};

const rowOf = async (approvalId: string): Promise<ApprovalRow> => {
  const row = await getApproval(store, scope, approvalId);
  if (!row) throw new Error('no row');
  return row;
};

describe('whatever happens to an approval', () => {
  test(
    'its row and the run’s state say the same, and the bridge’s own fold says it, too',
    { timeout: 120_000 },
    async () => {
      const seen = new Set<string>();
      const sequence = fc.array(fc.constantFrom(...MOVES), { minLength: 1, maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(sequence, async (moves) => {
          const run = await storedRun(store);
          const { approvalId } = approvalOf(run);
          const requested: RunEvent = { type: 'approval.requested', at: NOW, data: { approval: approvalOf(run) } };
          let state = evolve(stateOf(run), requested);
          let ordinal = 1;
          await appendEvents(store, append(run, numbered([requested])));
          for (const [step, move] of moves.entries()) {
            const approval = state.approvals[approvalId]!;
            const events = eventsOf(move, approval, step + 1);
            if (events.length > 0) seen.add(move);
            for (const event of events) {
              const before = await rowOf(approvalId);
              ordinal += 1;
              const { seq } = await appendEvents(store, append(run, numbered([event], ordinal)));
              state = evolve(state, event);
              const after = await rowOf(approvalId);
              expect(shownOf(after)).toEqual(shownOf(state.approvals[approvalId]!));
              const [stored] = await readEvents(store, scope, run.runId, { after: seq - 1, limit: 1 });
              const folded = decidedApproval(before, stored!);
              const isFolded = ['approval.decided', 'approval.superseded', 'approval.vote_recorded'].includes(
                event.type,
              );
              expect(folded).toEqual(isFolded ? after : undefined);
            }
          }
        }),
        { numRuns: 60, examples: STORIES.map((story) => [story]) },
      );
      expect([...seen].toSorted()).toEqual([...MOVES].toSorted());
    },
  );
});

describe('single steps', () => {
  const requestedOn = async () => {
    const run = await storedRun(store);
    const approval = approvalOf(run);
    const requested: RunEvent = { type: 'approval.requested', at: NOW, data: { approval } };
    await appendEvents(store, append(run, numbered([requested])));
    return { run, approval };
  };
  const voteOn = ({ approvalId, digest }: Approval, revision = 1): RunEvent => ({
    type: 'approval.vote_recorded',
    at: NOW + 1,
    data: {
      approvalId,
      revision,
      digest,
      decisionId: 'd1',
      decision: 'approve',
      actor: actor('grace'),
      channel: 'api',
      signatureId: 'jti',
    },
  });

  test('a vote that is stored already, or is on another revision, does not count', async () => {
    const { run, approval } = await requestedOn();
    await appendEvents(store, append(run, numbered([voteOn(approval)], 2)));
    await appendEvents(store, append(run, numbered([voteOn(approval), voteOn(approval, 2)], 2)));
    const row = await rowOf(approval.approvalId);
    expect(row.votes?.map(({ decisionId }) => decisionId)).toEqual(['d1']);
    const [, first] = await readEvents(store, scope, run.runId, { after: 0, limit: 9 });
    expect(decidedApproval(row, first!)).toBeUndefined();
  });

  test('the next revision of a call that was sent back names it, and is named by it', async () => {
    const { run, approval } = await requestedOn();
    const next = approvalOf(run, {
      key: 'call_2_0',
      toolCallId: 'call_2_0',
      revision: 2,
      supersedes: approval.approvalId,
    });
    const other = await requestedOn();
    const foreign = approvalOf(run, { key: 'call_3_0', toolCallId: 'call_3_0', supersedes: other.approval.approvalId });
    const events = [next, foreign].map((one): RunEvent => ({
      type: 'approval.requested',
      at: NOW,
      data: { approval: one },
    }));
    await appendEvents(store, append(run, numbered(events, 2)));
    expect(await rowOf(approval.approvalId)).toMatchObject({ supersededBy: next.approvalId });
    expect(await rowOf(next.approvalId)).toMatchObject({ supersedes: approval.approvalId });
    expect(await rowOf(next.approvalId)).not.toHaveProperty('supersededBy');
    // Of another run: nobody's to supersede.
    expect(await rowOf(other.approval.approvalId)).not.toHaveProperty('supersededBy');
  });

  test('an edited call is listed with the risk and the digest that it has now', async () => {
    const { run, approval } = await requestedOn();
    const edit = eventsOf('edit', approval, 1);
    await appendEvents(store, append(run, numbered(edit, 2)));
    const list = (risk: 'high' | 'critical') =>
      listApprovals(store, scope, { order: 'age', limit: 9, runId: run.runId, risk });
    expect(await list('high')).toEqual([]);
    expect(await list('critical')).toMatchObject([{ digest: digestOf('edited 1'), argumentsRef: editedRef }]);
    const { rows } = await store.pool.query('SELECT digest FROM approvals WHERE run_id = $1', [run.runId]);
    expect(rows).toEqual([{ digest: digestOf('edited 1') }]);
  });

  test('deadlines are listed as they are now', async () => {
    const { run, approval } = await requestedOn();
    const place = { approvalId: approval.approvalId, revision: 1 };
    const escalated: RunEvent = { type: 'approval.escalated', at: NOW, data: { ...place, step: 1, decideBy: NOW + 1 } };
    await appendEvents(store, append(run, numbered([escalated], 2)));
    const [first] = await listApprovals(store, scope, { order: 'deadline', limit: 1, status: 'pending' });
    expect(first).toMatchObject({ approvalId: approval.approvalId, escalated: 1, decideBy: NOW + 1 });
  });
});
