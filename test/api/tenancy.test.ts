// S3.6: every route, with every foreign credential, at objects of a tenant that is not theirs.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BrakeBypass, Brake } from '../../src/contract/brakes.ts';
import type { Delegation } from '../../src/contract/delegations.ts';
import type { Grant } from '../../src/contract/grants.ts';
import type { PendingDecision } from '../../src/contract/decisions.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { mediaOf, putMedia } from '../../src/store/media.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { agentDigestOf, testDefinition } from './definition.ts';
import { callRoute, everyRoute } from './every-route.ts';
import type { RouteCall, Target } from './every-route.ts';
import { scriptedRun } from './run-script.ts';
import { toolTask } from './tool-task.ts';

/** In everything that the victim says and is called. */
const MARK = 'sequoia';
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

let world: ApiWorld;
let target: Target;
let routes: RouteCall[];
beforeAll(async () => {
  world = await createApiWorld({ limits: { decisionWaitMs: 100, approvalWaitMs: 50, heartbeatMs: 1_000 } });
  target = await victim();
  routes = await everyRoute(world, target, {
    startRun: () => ({ agent: 'refunds', input: 'Refund order 7.' }),
    decideApprovals: () => [{ approvalId: target['approvalId'], decision: 'reject', reason: 'Mine now.' }],
    decideApproval: () => ({ decision: 'reject', reason: 'Mine now.' }),
    createGrant: (example) => ({
      ...example,
      scope: 'run',
      runId: target['runId'],
      agent: undefined,
      requester: undefined,
    }),
    createDelegation: (example) => ({ ...example, until: inAnHour(), groups: undefined }),
    extendApproval: (example) => ({ ...example, decideBy: inAnHour() }),
  });
});
afterAll(() => world[Symbol.asyncDispose]());

/** One object of each kind, each with the mark in its words. */
async function victim(): Promise<Target> {
  const { key, id: keyId } = await world.newKey({ principal: `user:${MARK}`, groups: [MARK] });
  const post = async <T>(path: string, body: object) => {
    const answer = await world.call<T>('POST', path, { key, body });
    expect([path, answer.status]).toEqual([path, expect.toSatisfy((status: number) => status < 300)]);
    return answer.body;
  };
  const run = await scriptedRun(world, key);
  const approval = await run.asks({}, { order: 7, note: MARK });
  world.artifacts.set(`${MARK}.md`, MARK);
  const { brakeId } = await post<Brake>('/v1/brakes', { reason: MARK });
  const reason = MARK;
  const { bypassId } = await post<BrakeBypass>(`/v1/brakes/${brakeId}/bypasses`, {
    reason,
    minutes: 5,
    scope: { tool: 'refund' },
  });
  const grant = { scope: 'agent', agent: 'refunds', requester: `user:${MARK}`, tool: 'refund', ttl: '8h', uses: 3 };
  const { grantId } = await post<Grant>('/v1/grants', { ...grant, constraints: { '/order': { any: true } } });
  const { delegationId } = await post<Delegation>('/v1/delegations', { to: `user:${MARK}-too`, until: inAnHour() });
  const decision = { decision: 'approve', digest: approval.digest };
  const path = `/v1/runs/${run.runId}/approvals/${approval.key}`;
  const { decisionId } = await post<PendingDecision>(`${path}/decisions`, decision);
  await post(`${path}/claim`, {});
  const { approvalId, key: approvalKey } = approval;
  const ids = { runId: run.runId, key: approvalKey, decisionId, brakeId, bypassId, grantId, delegationId, approvalId };
  return {
    ...ids,
    taskId: await toolTask(world, run),
    sha256: await keptMedia(run.runId),
    keyId,
    path: `${MARK}.md`,
    layer: 'project',
  };
}

/** An image that a tool of the run has kept. */
async function keptMedia(runId: string): Promise<string> {
  const value = { mimeType: 'image/png', base64: Buffer.from(MARK).toString('base64') };
  const blob = makeBlob(value);
  await putBlobs(world.store, scope.tenant, [blob]);
  const kept = mediaOf(value, blob);
  if (!kept) throw new Error('It is media.');
  await putMedia(world.store, { ...scope, runId, toolCallId: 'call_1_0', nowMs: Date.now() }, [kept]);
  return blob.ref.sha256;
}

/** Ids of the same form that nobody has. */
const nobodys = (text: string): string => text.replaceAll(/\b([a-z]+)_[a-z2-7]{26}/g, `$1_${'a'.repeat(26)}`);

/** Nothing that is the victim's: not their words, not the ids of their objects, but what the request itself has said. */
function expectNothingOfTheVictim(text: string, body: unknown): void {
  const said = JSON.stringify(body ?? null);
  const ids = ['runId', 'decisionId', 'brakeId', 'bypassId', 'grantId', 'delegationId', 'taskId'].map(
    (name) => target[name] ?? '',
  );
  for (const secret of [MARK, ...ids]) if (!said.includes(secret)) expect(text).not.toContain(secret);
}

const FOREIGNERS = [
  // The same name in another tenant is another person.
  ['another tenant', { tenant: 'rival', principal: `user:${MARK.slice(0, -1)}` }],
  ["another tenant that has the victim's very name", { tenant: 'rival-too', principal: 'user:ada' }],
  ['another project', { projects: ['ops'], principal: 'user:olga' }],
  ['another requester', { roles: ['requester'], principal: 'user:rob' }],
] as const;

/** What people share by design, each with its reason. */
const SHARED: Readonly<Record<string, readonly string[]>> = {
  // Auditors see the chain of the whole tenant.
  'another project': ['exportTenantAudit'],
  // Brakes hold for everybody in the project.
  'another requester': ['listBrakes', 'getBrake'],
};

describe.each(FOREIGNERS)('S3.6 %s', (who, changes) => {
  const walked = () => routes.filter(({ operationId }) => !SHARED[who]?.includes(operationId));
  let key: string;
  beforeAll(async () => {
    key = (await world.newKey({ groups: [], ...changes, ...('roles' in changes && { roles: [...changes.roles] }) }))
      .key;
    const definition = testDefinition();
    const tenant = 'tenant' in changes ? changes.tenant : scope.tenant;
    const project = 'projects' in changes ? changes.projects[0] : scope.project;
    await putDefinition(world.store, { tenant, project }, definition, agentDigestOf(definition));
  });

  test('gets 404 for every object, in the very words for what is not there, and nothing of it from any route', async ({
    annotate,
  }) => {
    const before = await everythingOfTheVictim();
    let objects = 0;
    for (const route of walked()) {
      const name = `${route.operationId} by ${who}`;
      const answer = await callRoute(world, route, { key });
      expectNothingOfTheVictim(answer.text, route.body);
      if (route.objects.length === 0) continue;
      objects += 1;
      const allowed = 'roles' in changes ? [403, 404] : [404];
      expect([name, answer.status]).toEqual([name, expect.toSatisfy((status: number) => allowed.includes(status))]);
      const path = route.pattern.includes('{path}') ? nobodys(route.path).replace(MARK, 'none') : nobodys(route.path);
      const ofNothing = await callRoute(world, { ...route, path }, { key });
      const words = ({ status, body }: typeof answer) => ({ ...body, status, requestId: '' });
      expect([name, words(answer)]).toEqual([name, words(ofNothing)]);
    }
    expect(objects).toBeGreaterThan(20);
    expect(await everythingOfTheVictim()).toEqual(before);
    await annotate(`${walked().length} routes walked, ${objects} of them at objects`);
  });

  test('gets 404 for every object over a stream, too', async () => {
    const path = `/v1/runs/${target['runId']}/events`;
    const answer = await world.call('GET', path, { key, headers: { accept: 'text/event-stream' } });
    expect([answer.status, answer.body.code]).toEqual([404, 'run_not_found']);
  });

  test('decides nothing of them in a batch', async () => {
    const body = [{ approvalId: target['approvalId'], decision: 'reject', reason: 'Mine now.' }];
    const answer = await world.call<{ data?: { status: number }[] }>('POST', '/v1/decisions', { key, body });
    if (answer.status === 200) expect(answer.body.data?.map(({ status }) => status)).toEqual([404]);
    else expect(answer.status).toBe(403);
  });
});

/** Rows of the victim that a foreigner could have changed. */
async function everythingOfTheVictim(): Promise<unknown> {
  const { rows } = await world.store.pool.query(
    `SELECT (SELECT jsonb_agg(to_jsonb(r)) FROM runs r WHERE r.run_id = $1) AS run,
            (SELECT jsonb_agg(to_jsonb(a)) FROM approvals a WHERE a.run_id = $1) AS approvals,
            (SELECT count(*) FROM commands c WHERE c.run_id = $1) AS commands,
            (SELECT jsonb_agg(to_jsonb(c)) FROM claims c WHERE c.approval_id = $2) AS claims,
            (SELECT jsonb_agg(to_jsonb(b)) FROM brakes b WHERE b.brake_id = $3) AS brakes,
            (SELECT jsonb_agg(to_jsonb(b)) FROM brake_bypasses b WHERE b.brake_id = $3) AS bypasses,
            (SELECT jsonb_agg(to_jsonb(g)) FROM grants g WHERE g.grant_id = $4) AS grants,
            (SELECT jsonb_agg(to_jsonb(d)) FROM delegations d WHERE d.delegation_id = $5) AS delegations`,
    [target['runId'], target['approvalId'], target['brakeId'], target['grantId'], target['delegationId']],
  );
  return rows;
}

test('S3.6 the victim is let in where the others are not: the walk asks for what is there', async () => {
  const { key } = await world.newKey({ principal: `user:${MARK}`, groups: [MARK] });
  const refused: string[] = [];
  for (const route of routes) {
    if (route.objects.length === 0 || route.method === 'DELETE') continue;
    const { status } = await callRoute(world, route, { key });
    if (status === 404 || status === 403) refused.push(route.operationId);
  }
  expect(refused).toEqual([]);
});
