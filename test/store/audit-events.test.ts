import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditGenesisHash, linkFault } from '../../src/domain/evidence/chain.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { appendAudit, auditHead, readAudit } from '../../src/store/audit-events.ts';
import type { AuditEvent } from '../../src/store/audit-events.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents } from '../../src/store/events.ts';
import type { NewRun } from '../../src/store/run-rows.ts';
import { openTestStore } from '../support/database.ts';
import { actor, append, newRunId, NOW, numbered, person, storedRun, turns } from './fixtures.ts';

let store: Store;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ store, close } = await openTestStore());
});
afterAll(() => close());

let count = 0;
const newTenant = (): string => `tenant-${(count += 1)}`;

/** The tenant's log, each link of it checked. */
async function verifiedAudit(tenant: string): Promise<AuditEvent[]> {
  const events = await readAudit(store, tenant, { after: 0, limit: 1_000 });
  let head = { seq: 0, hash: auditGenesisHash(tenant) };
  for (const event of events) {
    expect(linkFault(head, event, Buffer.from(event.body))).toBeUndefined();
    head = { seq: event.seq, hash: event.hash };
  }
  expect(await auditHead(store, tenant)).toEqual(head);
  return events;
}

const shown = ({ type, at, data, actor: by }: AuditEvent) => ({ type, at, data, ...(by && { actor: by }) });

describe('a tenant’s own log', () => {
  test('is chained, in the order of its appends, with what was said', async () => {
    const tenant = newTenant();
    expect(await verifiedAudit(tenant)).toEqual([]);
    const set = { type: 'brake.set', at: NOW, actor: actor('oscar'), data: { brakeId: 'b1', tool: null } };
    const odd = {
      type: 'policy.changed',
      at: NOW + 1,
      data: { name: 'é "\u0000\u2028</script>', '': [1, { b: 2, a: 1 }] },
    };
    await appendAudit(store, tenant, [set, odd]);
    const head = await appendAudit(store, tenant, [set]);
    const events = await verifiedAudit(tenant);
    expect(events.map(shown)).toEqual([set, odd, set]);
    expect(head).toEqual({ seq: 3, hash: events[2]?.hash });
    expect(await readAudit(store, tenant, { after: 1, limit: 1 })).toEqual([events[1]]);
  });

  test('is nobody else’s', async () => {
    const [one, other] = [newTenant(), newTenant()];
    await appendAudit(store, one, [{ type: 'brake.set', at: NOW, data: {} }]);
    expect(await verifiedAudit(other)).toEqual([]);
    expect(await auditHead(store, other)).toEqual({ seq: 0, hash: auditGenesisHash(other) });
  });

  test('many writers at once, from the first event on: no fork, no gap', async () => {
    const tenant = newTenant();
    const writers = Array.from({ length: 20 }, (_, index) =>
      appendAudit(store, tenant, [
        { type: 'brake.set', at: NOW, data: { index } },
        { type: 'brake.released', at: NOW, data: { index } },
      ]),
    );
    await Promise.all(writers);
    const events = await verifiedAudit(tenant);
    expect(events).toHaveLength(40);
    // What one appends stays together.
    for (let index = 0; index < 40; index += 2) expect(events[index]?.data).toEqual(events[index + 1]?.data);
  });

  test('a changed byte is found', async () => {
    const tenant = newTenant();
    await appendAudit(store, tenant, [{ type: 'brake.set', at: NOW, data: { brakeId: 'b1' } }]);
    const [event] = await verifiedAudit(tenant);
    await store.pool.query(
      `UPDATE audit_events SET body = convert_to(replace(convert_from(body, 'UTF8'), 'b1', 'b2'), 'UTF8') WHERE tenant = $1`,
      [tenant],
    );
    const [changed] = await readAudit(store, tenant, { after: 0, limit: 1 });
    expect(changed?.data).toEqual({ brakeId: 'b2' });
    const head = { seq: 0, hash: auditGenesisHash(tenant) };
    expect(linkFault(head, changed!, Buffer.from(changed!.body))).toBe('content does not match its hash');
    expect(event?.hash).toBe(changed?.hash);
  });
});

describe('runs in the tenant’s log', () => {
  const started = (run: NewRun): RunEvent => ({
    type: 'run.started',
    at: NOW,
    data: {
      agent: run.agent,
      agentDigest: run.agentDigest,
      policyDigest: run.policyDigest,
      requester: { principal: run.requester, groups: [] },
      inputRef: run.inputRef,
    },
  });
  const completed: RunEvent = { type: 'run.completed', at: NOW + 9, data: { receipts: [] } };
  const failed: RunEvent = {
    type: 'run.failed',
    at: NOW + 10,
    data: { code: 'turn_limit', detail: 'Too many turns.' },
  };

  test('a start and an end each, the end with the head of the run’s chain as it was then', async () => {
    const tenant = newTenant();
    const run = await storedRun(store, { tenant, requester: 'ada "é"' });
    await appendEvents(store, append(run, numbered([started(run)])));
    await appendEvents(store, append(run, turns(2, 4)));
    const ended = await appendEvents(store, append(run, numbered([completed], 5)));
    const { runId, agent, agentDigest, policyDigest, project } = run;
    const events = await verifiedAudit(tenant);
    expect(events.map(shown)).toEqual([
      {
        type: 'run.started',
        at: NOW,
        data: { runId, project, agent, agentDigest, policyDigest, requester: 'ada "é"' },
      },
      {
        type: 'run.ended',
        at: NOW + 9,
        data: { runId, project, status: 'completed', head: { seq: 5, hash: ended.headHash } },
      },
    ]);
  });

  test('the head is that of the end, whatever follows in the same batch', async () => {
    const tenant = newTenant();
    const run = await storedRun(store, { tenant });
    const { seq, headHash } = await appendEvents(store, append(run, numbered([started(run), completed])));
    await appendEvents(store, append(run, [...turns(3, 3)]));
    const other = await storedRun(store, { tenant });
    await appendEvents(store, append(other, [...numbered([completed]), ...turns(2, 2)]));
    const [, first, second] = await verifiedAudit(tenant);
    expect(first?.data['head']).toEqual({ seq, hash: headHash });
    expect(second?.data['head']).toMatchObject({ seq: 1 });
  });

  test('a batch that comes again tells nothing again; a run ends once', async () => {
    const tenant = newTenant();
    const run = await storedRun(store, { tenant });
    const batch = append(run, numbered([started(run), completed]));
    await Promise.all([appendEvents(store, batch), appendEvents(store, batch), appendEvents(store, batch)]);
    await appendEvents(store, append(run, numbered([failed]), 'reconciler:1'));
    expect((await verifiedAudit(tenant)).map(({ type, data }) => [type, data['status']])).toEqual([
      ['run.started', undefined],
      ['run.ended', 'completed'],
    ]);
  });

  test('a run that another origin ends is told too', async () => {
    const tenant = newTenant();
    const run = await storedRun(store, { tenant });
    await appendEvents(store, { ...append(run, numbered([failed]), 'reconciler:1'), onlyIfUnfinished: true });
    expect((await verifiedAudit(tenant)).map(({ data }) => data['status'])).toEqual(['failed']);
  });

  test('sub-runs are told in the log of their root only', async () => {
    const tenant = newTenant();
    const root = await storedRun(store, { tenant });
    const sub = await storedRun(store, {
      tenant,
      runId: `${root.runId}.${newRunId().slice(4, 20)}`,
      rootRunId: root.runId,
    });
    await appendEvents(store, append(sub, numbered([started(sub), completed])));
    expect(await verifiedAudit(tenant)).toEqual([]);
  });

  test('many runs of a tenant at once: each start and end is told, in one chain', async () => {
    const tenant = newTenant();
    const runs = await Promise.all(Array.from({ length: 20 }, () => storedRun(store, { tenant })));
    await Promise.all(
      runs.map(async (run) => {
        await appendEvents(store, append(run, numbered([started(run)])));
        await appendEvents(store, append(run, numbered([completed], 2)));
      }),
    );
    const events = await verifiedAudit(tenant);
    const ids = runs.map(({ runId }) => runId).toSorted();
    const told = (type: string) =>
      events.filter((event) => event.type === type).map(({ data }) => String(data['runId']));
    expect(told('run.started').toSorted()).toEqual(ids);
    expect(told('run.ended').toSorted()).toEqual(ids);
  });

  test('an append that fails tells nothing', async () => {
    const tenant = newTenant();
    const run = await storedRun(store, { tenant });
    const gap = append(run, [...numbered([started(run)]), ...turns(3, 3)]);
    await expect(appendEvents(store, gap)).rejects.toMatchObject({ code: 'event_gap' });
    expect(await verifiedAudit(tenant)).toEqual([]);
  });
});

test('actors are told whole', async () => {
  const tenant = newTenant();
  const by = { ...person, groups: ['approvers'], createdBy: 'root', delegatedFrom: ['ada'] };
  await appendAudit(store, tenant, [{ type: 'grant.created', at: NOW, actor: by, data: {} }]);
  const [event] = await verifiedAudit(tenant);
  expect(event?.actor).toEqual(by);
});
