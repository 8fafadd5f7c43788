import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ApprovalChange, ApprovalState } from '../../src/contract/approval-changes.ts';
import type { Approval } from '../../src/contract/approvals.ts';
import type { Page } from '../../src/contract/pagination.ts';
import { createClient } from '../../src/client/index.ts';
import { cuttableRelay } from '../support/cuttable-relay.ts';
import { readSse } from '../support/sse-reader.ts';
import type { SseReader } from '../support/sse-reader.ts';
import { waitFor } from '../support/wait-for.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { decidedEvent, scriptedRun } from './run-script.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld({ limits: { heartbeatMs: 100, streamsPerPrincipal: 8 } });
});
afterAll(() => world[Symbol.asyncDispose]());

const watch = (headers: Record<string, string> = {}, key = world.key, query = '') =>
  readSse(`${world.url}/v1/approvals/stream${query}`, key, headers);
const changesIn = ({ seen }: SseReader) =>
  seen.filter(({ event }) => event?.startsWith('approval.')).map(({ data }) => data as unknown as ApprovalChange);
const typesIn = (reader: SseReader) => changesIn(reader).map(({ type }) => type);
const snapshotsIn = ({ seen }: SseReader) =>
  seen.filter(({ event }) => event === 'approvals.snapshot').map(({ data }) => data['approvals'] as ApprovalState[]);
const lastIdOf = ({ seen }: SseReader) => seen.findLast(({ id }) => id !== undefined)?.id ?? '';
const until = (reader: SseReader, type: string) => waitFor(type, () => typesIn(reader).includes(type));
const hasSnapshot = (reader: SseReader) => waitFor('a snapshot', () => snapshotsIn(reader).length > 0);

describe('the approvals of a project, live', () => {
  test('B16 what is pending comes first, then what happens, claims among it, with how it stands', async () => {
    const earlier = await scriptedRun(world);
    const waiting = await earlier.asks();
    const stream = await watch();
    await hasSnapshot(stream);
    const [listed] = snapshotsIn(stream)[0]?.filter(({ approvalId }) => approvalId === waiting.approvalId) ?? [];
    expect(listed).toMatchObject({
      status: 'pending',
      digest: waiting.digest,
      revision: 1,
      canDecide: true,
      claim: null,
    });

    const run = await scriptedRun(world);
    const approval = await run.asks();
    await until(stream, 'approval.requested');
    world.gateway.onDecide = async (_address, signed) => {
      await run.happens(decidedEvent(approval, signed));
      return 'accepted' as const;
    };
    const path = `/v1/runs/${run.runId}/approvals/${approval.key}`;
    await world.call('POST', `${path}/claim`, { body: {} });
    await until(stream, 'approval.claimed');
    await world.call('DELETE', `${path}/claim`);
    await until(stream, 'approval.released');
    await world.call('POST', `${path}/decisions`, { body: { decision: 'approve', digest: approval.digest } });
    await until(stream, 'approval.decided');
    expect(typesIn(stream)).toEqual(['requested', 'claimed', 'released', 'decided'].map((what) => `approval.${what}`));
    const [requested, claimed, released, decided] = changesIn(stream);
    const place = { approvalId: approval.approvalId, runId: run.runId, key: approval.key };
    expect(requested).toMatchObject({
      revision: 1,
      run: { runId: run.runId, eventSeq: 2 },
      approval: {
        ...place,
        status: 'pending',
        digest: approval.digest,
        decideBy: new Date(approval.decideBy).toISOString(),
      },
    });
    expect(claimed?.approval).toMatchObject({ ...place, claim: { by: 'ada' } });
    expect(released?.approval.claim).toBeNull();
    expect(decided?.approval).toMatchObject({ status: 'approved', canDecide: false });
    expect(JSON.stringify(stream.seen)).not.toContain('12.5');
    stream.stop();
  });

  test('S1.12 who comes back gets what happened meanwhile, once; a place that is not known is a snapshot', async () => {
    const run = await scriptedRun(world);
    const first = await watch();
    await hasSnapshot(first);
    await run.asks({ toolCallId: 'call_1_0' });
    await until(first, 'approval.requested');
    first.stop();
    await run.asks({ toolCallId: 'call_1_1' });
    await run.asks({ toolCallId: 'call_1_2' });
    for (const [headers, query] of [
      [{ 'last-event-id': lastIdOf(first) }, ''],
      [{}, `?after=${encodeURIComponent(lastIdOf(first))}`],
    ] as const) {
      const back = await watch(headers, world.key, query);
      await waitFor('both', () => changesIn(back).length === 2);
      expect(changesIn(back).map(({ approval }) => approval.key)).toEqual(['call_1_1', 'call_1_2']);
      expect(snapshotsIn(back)).toEqual([]);
      back.stop();
    }
    const lost = await watch({ 'last-event-id': `0123456789abcdef.${Date.now()}.10:10:` });
    await hasSnapshot(lost);
    const keys = snapshotsIn(lost)[0]
      ?.filter(({ runId }) => runId === run.runId)
      .map(({ key }) => key);
    expect(keys).toEqual(['call_1_0', 'call_1_1', 'call_1_2']);
    lost.stop();
  });

  test('S3.9 what is no place is a 400, before anything is streamed', async () => {
    for (const place of ['7', 'NaN', '-1', '0123456789abcdef.1.10:9:', 'x'.repeat(9_000)]) {
      const header = await world.call('GET', '/v1/approvals/stream', { headers: { 'last-event-id': place } });
      expect([header.status, header.body.code]).toEqual([400, 'invalid_request']);
      const query = await world.call('GET', `/v1/approvals/stream?after=${place}`);
      expect([query.status, query.body.code]).toEqual([400, 'invalid_request']);
    }
    const unknown = await world.call('GET', '/v1/approvals/stream?tool=refund');
    expect(unknown.status).toBe(400);
  });

  test('who may see only their own runs sees only their approvals; other projects see nothing', async () => {
    const [ben, elsewhere, service] = await Promise.all([
      world.newKey({ principal: 'ben', roles: ['requester'] }),
      world.newKey({ principal: 'cleo', projects: ['ops'] }),
      world.newKey({ principal: 'robot', kind: 'service', roles: ['requester', 'operator'] }),
    ]);
    const streams = await Promise.all([ben, elsewhere, service].map(({ key }) => watch({}, key)));
    const [bens, elsewheres, services] = streams as [SseReader, SseReader, SseReader];
    await Promise.all(streams.map(hasSnapshot));
    const others = await (await scriptedRun(world)).asks();
    const own = await (await scriptedRun(world, ben.key)).asks();
    await waitFor('both', () => changesIn(services).length === 2);
    await until(bens, 'approval.requested');
    expect(changesIn(bens).map(({ approval }) => approval.approvalId)).toEqual([own.approvalId]);
    expect(changesIn(services).map(({ approval }) => [approval.approvalId, approval.canDecide])).toEqual([
      [others.approvalId, false],
      [own.approvalId, false],
    ]);
    expect([snapshotsIn(bens), snapshotsIn(elsewheres), changesIn(elsewheres)]).toEqual([[[]], [[]], []]);
    for (const { stop } of streams) stop();
  });

  test('silence is filled with comments; HEAD is answered; one stream too many is refused', async () => {
    const { key } = await world.newKey({ principal: 'crowd' });
    const streams = await Promise.all(Array.from({ length: 8 }, () => watch({}, key)));
    await waitFor('a heartbeat', () => streams[0]?.comments.includes('keep-alive'));
    const refused = await watch({}, key);
    expect(refused.response.status).toBe(429);
    for (const { stop } of streams) stop();
    const head = await world.call('HEAD', '/v1/approvals/stream');
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  });

  test('closing the server says so, with the place to come back to', async () => {
    const other = await createApiWorld();
    const stream = await readSse(`${other.url}/v1/approvals/stream`, other.key);
    await hasSnapshot(stream);
    const lastEventId = lastIdOf(stream);
    await other[Symbol.asyncDispose]();
    await stream.ended;
    expect(stream.seen.at(-1)).toMatchObject({ event: 'stream.closed', data: { lastEventId, code: 'shutting_down' } });
  });
});

test('many pending ones come in parts, and the client puts them together', async () => {
  await using crowded = await createApiWorld();
  const client = createClient({ baseUrl: crowded.url, apiKey: crowded.key });
  const run = await scriptedRun(crowded);
  for (let index = 0; index < 230; index += 1) await run.asks({ toolCallId: `call_1_${index}` });
  for await (const item of client.approvals.watch()) {
    expect(item.event).toBe('snapshot');
    if (item.event === 'snapshot') expect(item.approvals).toHaveLength(230);
    break;
  }
});

test('S1.12 B16 through any number of cuts the client has every change once, and what it shows is what is listed', async () => {
  await using quiet = await createApiWorld();
  await using relay = await cuttableRelay('127.0.0.1', Number(new URL(quiet.url).port));
  const client = createClient({ baseUrl: `http://127.0.0.1:${relay.port}`, apiKey: quiet.key });
  const pending = new Map<string, ApprovalState>();
  const changes: number[] = [];
  const abort = new AbortController();
  let [snapshots, cuts] = [0, 0];
  const watching = (async () => {
    for await (const item of client.approvals.watch({ signal: abort.signal, reconnectDelayMs: 2 })) {
      if (item.event === 'snapshot') {
        snapshots += 1;
        pending.clear();
        for (const approval of item.approvals) pending.set(approval.approvalId, approval);
        continue;
      }
      changes.push(item.data.change);
      const { approval } = item.data;
      if (approval.status === 'pending') pending.set(approval.approvalId, approval);
      else pending.delete(approval.approvalId);
    }
  })();
  await waitFor('the first snapshot', () => snapshots === 1);
  const last = await scriptedRun(quiet);
  for (let index = 0; index < 30; index += 1) {
    const run = await scriptedRun(quiet);
    const { approvalId } = await run.asks();
    const path = `/v1/runs/${run.runId}/approvals/call_1_0/claim`;
    if (index % 2 === 0) await quiet.call('POST', path, { body: {} });
    if (index % 3 === 0)
      await run.happens({ type: 'approval.withdrawn', at: Date.now(), data: { approvalId, revision: 1 } });
    if (index % 4 !== 0) continue;
    relay.drop();
    cuts += 1;
  }
  const { approvalId } = await last.asks();
  await waitFor('the last one', () => pending.has(approvalId));
  abort.abort();
  await watching;
  expect(cuts).toBe(8);
  expect(new Set(changes).size).toBe(changes.length);
  const { body } = await quiet.call<Page<Approval>>('GET', '/v1/approvals?status=pending&limit=100');
  const shown = (one: Pick<Approval, 'approvalId' | 'status' | 'digest' | 'claim'>) =>
    `${one.approvalId} ${one.status} ${one.digest} ${one.claim?.by}`;
  expect([...pending.values()].map(shown).toSorted()).toEqual(body.data.map(shown).toSorted());
  const { rows } = await quiet.store.pool.query('SELECT count(*)::int AS count FROM approval_changes');
  // A cut before anything came with an id means a snapshot: otherwise nothing is left out.
  if (snapshots === 1) expect(changes.length).toBe(rows[0].count);
});
