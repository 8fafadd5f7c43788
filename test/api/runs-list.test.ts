/** Finding runs, and what may still be done to them in which status. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Page } from '../../src/contract/pagination.ts';
import type { Run, RunDetail } from '../../src/contract/runs.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { appendEvents } from '../../src/store/events.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld();
});
afterAll(() => world[Symbol.asyncDispose]());
afterEach(() => {
  world.gateway.onCancel = () => 'accepted';
});

const told = new Map<string, number>();
/** What the workflow would have stored. */
const happen = (runId: string, event: RunEvent) => {
  const ordinal = (told.get(runId) ?? 0) + 1;
  told.set(runId, ordinal);
  return appendEvents(world.store, {
    ...scope,
    rootRunId: runId,
    runId,
    origin: 'workflow',
    events: [{ ordinal, event }],
  });
};
const at = Date.now();
const becomes = {
  suspended: { type: 'run.suspended', at, data: {} },
  needs_attention: { type: 'run.blocked', at, data: { code: 'blocked', detail: 'Somebody.' } },
  completed: { type: 'run.completed', at, data: { receipts: [] } },
  failed: { type: 'run.failed', at, data: { code: 'x', detail: 'y' } },
  cancelled: { type: 'run.cancelled', at, data: { channel: 'api' } },
} as const satisfies Record<string, RunEvent>;

const start = async (body: object = {}, key?: string) => {
  const answer = await world.call<Run>('POST', '/v1/runs', {
    body: { agent: 'refunds', input: 'Refund order 7.', ...body },
    ...(key !== undefined && { key }),
  });
  expect(answer.status).toBe(201);
  return answer.body;
};
const list = async (query: string, key?: string) => {
  const { body } = await world.call<Page<Run>>('GET', `/v1/runs?${query}`, key === undefined ? {} : { key });
  return body.data.map(({ runId }) => runId);
};

describe('S3.14 the runs of a conversation', () => {
  test('come newest first: the latest is the one that is under way, or was last; its status may be asked for', async () => {
    const conversationId = 'ticket:4711';
    const runs: Run[] = [];
    for (const end of ['failed', 'completed', 'suspended'] as const) {
      const run = await start({ conversationId });
      await happen(run.runId, becomes[end]);
      runs.unshift(run);
    }
    await start({ conversationId: 'ticket:4712' });
    const query = `conversationId=${encodeURIComponent(conversationId)}`;
    expect(await list(query)).toEqual(runs.map(({ runId }) => runId));
    expect(await list(`${query}&limit=1`)).toEqual([runs[0]?.runId]);
    expect(await list(`${query}&status=completed`)).toEqual([runs[1]?.runId]);
    expect(await list(`${query}&status=running`)).toEqual([]);
    expect(await list('conversationId=ticket:none')).toEqual([]);
  });

  test('has the run in the middle of its replacement, and whose place it lost', async () => {
    const conversationId = 'ticket:replaced';
    const old = await start({ conversationId });
    const fresh = await start({ conversationId, replace: true });
    const { body } = await world.call<Page<Run>>('GET', `/v1/runs?conversationId=${conversationId}`);
    expect(body.data.map(({ runId, replacedBy, cancelRequested }) => ({ runId, replacedBy, cancelRequested }))).toEqual(
      [
        { runId: fresh.runId, replacedBy: null, cancelRequested: false },
        { runId: old.runId, replacedBy: fresh.runId, cancelRequested: true },
      ],
    );
    const [sent] = world.gateway.cancels.filter(({ address }) => address.runId === old.runId);
    expect(JSON.parse(sent?.command.bytes ?? '')).toMatchObject({ type: 'cancel', replacedBy: fresh.runId });
  });
});

test('runs are found by status, agent, requester and label, alone and together; of others only within reach', async () => {
  const { key } = await world.newKey({ principal: 'finder' });
  const made: Run[] = [];
  for (const lot of ['a', 'b']) {
    for (const status of ['suspended', 'failed'] as const) {
      const run = await start({ labels: { lot, team: 'x y=z' } }, key);
      await happen(run.runId, becomes[status]);
      made.unshift(run);
    }
  }
  const [failedB, suspendedB, failedA, suspendedA] = made.map(({ runId }) => runId);
  expect(await list('requester=finder')).toEqual([failedB, suspendedB, failedA, suspendedA]);
  expect(await list('requester=finder&agent=refunds&status=failed')).toEqual([failedB, failedA]);
  expect(await list('requester=finder&label=lot=a')).toEqual([failedA, suspendedA]);
  expect(await list('requester=finder&label=lot=a&status=suspended')).toEqual([suspendedA]);
  expect(await list(`requester=finder&label=${encodeURIComponent('team=x y=z')}`)).toHaveLength(4);
  expect(await list('requester=finder&agent=others')).toEqual([]);
  expect(await list('requester=nobody')).toEqual([]);
  const { key: narrow } = await world.newKey({ principal: 'narrow', roles: ['requester'] });
  expect(await list('requester=finder', narrow)).toEqual([]);
  expect(await list('', narrow)).toEqual([]);
});

test.each(['status=queued', 'status=', 'agent=A', 'conversationId=', 'conversationId=a%20b', 'label==x', 'since=1'])(
  'S0.6 an unknown filter, or value of one, is 400 and not ignored: %s',
  async (query) => {
    const { status, body } = await world.call('GET', `/v1/runs?${query}`);
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  },
);

describe('S2.3 a run can be cancelled', () => {
  test.each(['running', 'suspended', 'needs_attention'] as const)('that is %s', async (status) => {
    const { runId } = await start();
    if (status !== 'running') await happen(runId, becomes[status]);
    world.gateway.onCancel = async () => {
      await happen(runId, becomes.cancelled);
      return 'accepted' as const;
    };
    const answer = await world.call<RunDetail>('POST', `/v1/runs/${runId}/cancel`);
    expect([answer.status, answer.body]).toMatchObject([200, { status: 'cancelled', cancelled: true }]);
  });

  test.each(['completed', 'failed'] as const)(
    'but not once it is %s: nothing is sent, nothing stamped',
    async (status) => {
      const { runId } = await start();
      await happen(runId, becomes[status]);
      const before = (await world.call<RunDetail>('GET', `/v1/runs/${runId}`)).body;
      const answer = await world.call<RunDetail>('POST', `/v1/runs/${runId}/cancel`);
      expect([answer.status, answer.body]).toEqual([200, { ...before, cancelled: false }]);
      expect(world.gateway.cancels.filter(({ address }) => address.runId === runId)).toEqual([]);
    },
  );
});
