/** Nothing stands before two replicas, and every client sends each request to another one. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Approval } from '../../src/contract/approvals.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Answer, Person, World } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { untilEnded } from '../support/until-ended.ts';
import { testWorld } from '../support/world.ts';

const CONVERSATIONS = 8;

const refund = recordingTool('refund');
const agent = testAgent({ tools: [refund], script: [asksFor('refund', { text: 'five' }), says('Done.')] });

let world: World;
let replica: Replica;
let people: readonly Person[];
beforeAll(async () => {
  world = await testWorld({ agents: [agent] });
  replica = await createReplica(world);
  people = await Promise.all(['anna', 'ben', 'cleo'].map(async (name) => switching(await world.person(name))));
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

let requests = 0;

/** The same person, speaking to the replicas in turn. */
function switching(here: Person): Person {
  const there = replica.speaksHere(here);
  const next = () => ((requests += 1) % 2 === 0 ? here : there);
  return {
    key: here.key,
    request: (...given) => next().request(...given),
    startRun: (...given) => next().startRun(...given),
    run: (runId) => next().run(runId),
  };
}

const codeOf = ({ body }: Answer) => (body as { code?: string }).code;
const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status);

interface Started {
  readonly runId: string;
}

const start = (person: Person, key: string, conversationId: string) =>
  person.request<Started>('POST', '/v1/runs', {
    headers: { 'idempotency-key': key },
    body: { agent: 'helper', input: 'Begin.', conversationId },
  });

/** Starts, decisions and cancels of one conversation, all at once at every step. */
async function oneConversation(index: number) {
  const conversationId = `ticket-${index}`;
  const [anna, ben, cleo] = people as [Person, Person, Person];
  const same = await Promise.all([1, 2, 3].map(() => start(anna, `first-${index}`, conversationId)));
  const others = await Promise.all([ben, cleo].map((person) => start(person, `other-${index}`, conversationId)));
  expect(statusesOf(same).toSorted((one, other) => one - other)).toEqual([200, 200, 201]);
  const { runId } = same[0]?.body ?? { runId: '' };
  expect(new Set(same.map(({ body }) => body.runId))).toEqual(new Set([runId]));
  for (const answer of others) expect([answer.status, codeOf(answer)]).toEqual([409, 'conversation_busy']);

  const approval: Approval = await anna.run(runId).pending();
  const decide = (person: Person, decision: 'approve' | 'reject', more: Partial<Approval> = {}) =>
    person.run(runId).decide({ ...approval, ...more }, decision);
  const [approved, rejected, again, forged, unknown, cancelled] = await Promise.all([
    decide(anna, 'approve'),
    decide(ben, 'reject'),
    decide(cleo, 'approve'),
    decide(ben, 'approve', { digest: `sha256:${'0'.repeat(64)}` }),
    decide(cleo, 'approve', { key: 'call_9_9' }),
    // Some are cancelled meanwhile, some are not.
    index % 2 === 0 ? cleo.run(runId).cancel() : cleo.request('GET', '/livez'),
  ]);
  expect(cancelled.status).toBe(200);
  const ended = await untilEnded(anna.run(runId));
  // On a machine that is busy, some are told to look later.
  const later = async (answer: Answer) => {
    if (answer.status !== 202) return answer;
    const { decisionId } = answer.body as { decisionId: string };
    const path = `/v1/runs/${runId}/approvals/${approval.key}/decisions/${decisionId}`;
    const { body } = await ben.request('GET', path);
    return { ...answer, status: (body as { outcome: string }).outcome === 'refused' ? 409 : 200 };
  };
  const answers = await Promise.all([approved, rejected, again].map(later));
  const isRejected = answers[1]?.status === 200;
  const types = await ben.run(runId).types();
  const recorded = answers.filter(({ status }) => status === 200);
  const what = JSON.stringify({ index, statuses: statusesOf(answers), types, ended: ended.status });
  expect(recorded.length, what).toBeLessThanOrEqual(1);
  for (const { status } of answers) expect([200, 409, 410], what).toContain(status);
  if (index % 2 !== 0) expect(recorded, what).toHaveLength(1);
  expect([409, 410], what).toContain(forged.status);
  expect([404, 410], what).toContain(unknown.status);
  const effects = refund.callsOf(runId).length;
  expect(effects, what).toBeLessThanOrEqual(isRejected || recorded.length === 0 ? 0 : 1);
  expect(
    types.filter((type) => type === 'approval.decided'),
    what,
  ).toHaveLength(recorded.length);
  expect(
    types.filter((type) => /^run\.(?:completed|failed|cancelled)$/.test(type)),
    what,
  ).toHaveLength(1);
  expect(await verifyStoredChain(world.store, world.scope, runId)).toMatchObject({ ok: true });
  // The end is stamped once, whoever asks again.
  const late = await Promise.all([anna, ben].map((person) => person.run(runId).cancel()));
  for (const { body } of late) expect(body).toMatchObject({ cancelled: ended.status === 'cancelled' });
  expect(await anna.run(runId).get()).toEqual(ended);
  return ended.status;
}

test('S2.1 S2.2 S3.7 S3.8 clients that switch replicas with every request: one start, one outcome, one end', async ({
  annotate,
}) => {
  const ends = await Promise.all(Array.from({ length: CONVERSATIONS }, (_, index) => oneConversation(index)));
  await annotate(ends.join(', '));
  expect(requests).toBeGreaterThan(CONVERSATIONS * 10);
});
