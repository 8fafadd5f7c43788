import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/store/database.ts';
import { appendEvents, readTranscriptEvents } from '../../src/store/events.ts';
import { openTestStore } from '../support/database.ts';
import { actor, append, approvalOf, NOW, numbered, otherScopes, scope, storedRun } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

test('a transcript is made of its own kinds of events only', async () => {
  const run = await storedRun(store);
  const call = { toolCallId: 'call_1_0', tool: 'refund' };
  await appendEvents(
    store,
    append(
      run,
      numbered([
        { type: 'turn.started', at: NOW, data: { turn: 1 } },
        {
          type: 'message.completed',
          at: NOW,
          data: { turn: 1, messageRef: run.inputRef, finishReason: 'stop', calls: [] },
        },
        { type: 'usage.recorded', at: NOW, data: { turn: 1, inputTokens: 1, outputTokens: 1 } },
        { type: 'tool.completed', at: NOW, data: { ...call, resultRef: run.inputRef } },
        { type: 'tool.denied', at: NOW, data: { ...call, code: 'rejected', message: 'no' } },
        { type: 'run.suspended', at: NOW, data: {} },
      ]),
    ),
  );
  const transcript = await readTranscriptEvents(store, scope, run.runId, { afterSeq: 0 });
  expect(transcript.map(({ seq, type }) => [seq, type])).toEqual([
    [2, 'message.completed'],
    [4, 'tool.completed'],
    [5, 'tool.denied'],
  ]);
  expect(await readTranscriptEvents(store, scope, run.runId, { afterSeq: 4 })).toEqual(transcript.slice(2));
  for (const other of otherScopes) {
    expect(await readTranscriptEvents(store, other, run.runId, { afterSeq: 0 })).toEqual([]);
  }
});

test('decisions, edits and the notes of who unblocks a run belong to its transcript', async () => {
  const run = await storedRun(store);
  const approval = approvalOf(run);
  const signed = { actor: actor('grace'), channel: 'api', signatureId: 'jti' } as const;
  const place = { approvalId: approval.approvalId, revision: 1, decisionId: 'd1', digest: approval.digest };
  const edited = { argumentsRef: run.inputRef, digest: approval.digest, verdict: approval.verdict };
  await appendEvents(
    store,
    append(
      run,
      numbered([
        { type: 'approval.requested', at: NOW, data: { approval } },
        { type: 'approval.superseded', at: NOW, data: { ...place, ...signed, decision: 'edit', edited } },
        { type: 'approval.requested', at: NOW, data: { approval: { ...approval, revision: 2 } } },
        {
          type: 'approval.decided',
          at: NOW,
          data: { ...place, ...signed, revision: 2, decision: 'approve', status: 'approved' },
        },
        { type: 'run.blocked', at: NOW, data: { code: 'blocked', detail: 'Blocked.' } },
        { type: 'run.unblocked', at: NOW, data: { ...signed, commandId: 'c', noteRef: run.inputRef, answers: [] } },
      ]),
    ),
  );
  const transcript = await readTranscriptEvents(store, scope, run.runId, { afterSeq: 0 });
  expect(transcript.map(({ type }) => type)).toEqual(['approval.superseded', 'approval.decided', 'run.unblocked']);
});

test('both readers of the transcript’s index can use it', async () => {
  const client = await store.pool.connect();
  try {
    // Few rows: the planner shall say what it can do, not what is cheapest.
    await client.query('BEGIN');
    await client.query('SET LOCAL enable_seqscan = off');
    await client.query('DROP INDEX run_events_origin');
    const kinds = `'run.started', 'run.unblocked', 'message.completed', 'approval.decided', 'approval.superseded',
      'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet'`;
    const before = `'run.started', 'message.completed', 'tool.completed', 'tool.failed', 'tool.denied', 'contract.unmet'`;
    for (const condition of [`e.type IN (${kinds})`, `e.type IN (${before}) AND e.type = 'message.completed'`]) {
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN SELECT FROM run_events e WHERE e.run_id = 'r' AND ${condition} ORDER BY e.seq DESC LIMIT 1`,
      );
      expect(rows.map((row) => row['QUERY PLAN']).join('\n')).toContain('run_events_transcript');
    }
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
});
