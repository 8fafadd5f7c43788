import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DecisionReceipt, DecisionView, PendingDecision } from '../../src/contract/decisions.ts';
import type { Approval } from '../../src/domain/schemas/approval.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import { createApiWorld } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { deciding, forgetAnswersAfterEach } from './deciding.ts';
import { readDecision, refusedEvent, scriptedRun } from './run-script.ts';

let world: ApiWorld;
beforeAll(async () => {
  world = await createApiWorld({ limits: { decisionWaitMs: 400, approvalWaitMs: 700 } });
});
afterAll(() => world[Symbol.asyncDispose]());
forgetAnswersAfterEach(() => world);
const { decide, approve } = deciding(() => world);

describe('S3 when the event does not come', () => {
  test('no worker answers: 202 with a link that says pending, then what became of it', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    const { status, body, headers } = await approve<PendingDecision>(approval);
    expect([status, body.outcome]).toEqual([202, 'pending']);
    expect(headers.get('location')).toBe(body.links.self);
    const pending = await world.call<DecisionView>('GET', body.links.self);
    expect(pending.body).toMatchObject({ outcome: 'pending', approval: { status: 'pending' } });
    const signed = world.gateway.decisions.at(-1)?.command as SignedCommand;
    await run.happens(refusedEvent(signed, 'expired'));
    const refused = await world.call<DecisionView>('GET', body.links.self);
    expect(refused.body).toMatchObject({ outcome: 'refused', code: 'expired' });
  });

  test('the workflow is asked after 200 ms; its answer counts before the event is stored', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    world.gateway.onVerdict = (_approvalId, decisionId) => ({
      outcome: 'recorded',
      approval: {
        ...approval,
        status: 'approved',
        decision: {
          decisionId,
          decision: 'approve',
          actor: { principal: 'ada', kind: 'person', groups: [], credentialId: 'k' },
          channel: 'api',
          decidedAt: Date.now(),
        },
      },
    });
    const { status, body } = await approve(approval);
    expect([status, body.outcome, body.approval.status]).toEqual([200, 'recorded', 'approved']);
  });

  test('ten silent decisions never ask a run two questions at once', async () => {
    const people = await Promise.all(
      Array.from({ length: 10 }, (_, index) => world.newKey({ principal: `q${index}` })),
    );
    const run = await scriptedRun(world);
    const approval = await run.asks();
    let atOnce = 0;
    let most = 0;
    let winner: string | undefined;
    world.gateway.onDecide = (_address, signed) => {
      winner ??= readDecision(signed).command.decisionId;
      return 'accepted';
    };
    world.gateway.onVerdict = async (_approvalId, decisionId) => {
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      const decision = {
        decisionId: winner ?? '',
        decision: 'approve' as const,
        actor: { principal: 'q0', kind: 'person' as const, groups: [], credentialId: 'k' },
        channel: 'api' as const,
        decidedAt: Date.now(),
      };
      const outcome = decisionId === winner ? ('recorded' as const) : ('refused' as const);
      return { outcome, code: 'already_decided', approval: { ...approval, status: 'approved', decision } };
    };
    const answers = await Promise.all(people.map(({ key }) => decide(approval, { decision: 'reject' }, { key })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
    expect(most).toBe(1);
  });

  test('votes and edits are told by the workflow, too', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    world.gateway.onVerdict = () => ({ outcome: 'vote_recorded', approval });
    expect((await approve(approval)).body.outcome).toBe('vote_recorded');
    const next: Approval = { ...approval, revision: 2, editor: 'ada' };
    world.gateway.onVerdict = () => ({ outcome: 'revised', approval: next });
    const { status, body } = await decide<DecisionReceipt>(approval, { decision: 'reject', reason: 'As revised.' });
    expect([status, body.outcome, body.approval.revision]).toEqual([200, 'revised', 2]);
  });

  test("what became of another's decision is no answer to one's own", async () => {
    const people = await Promise.all([world.newKey({ principal: 'r0' }), world.newKey({ principal: 'r1' })]);
    const run = await scriptedRun(world);
    const approval = await run.asks();
    const given = new Map<string, string>();
    world.gateway.onDecide = (_address, signed) => {
      const { command, claims } = readDecision(signed);
      given.set(command.decisionId, claims.actor.principal);
      return 'accepted';
    };
    world.gateway.onVerdict = async (_approvalId, decisionId) => {
      await new Promise((resolve) => setImmediate(resolve));
      const isFirst = given.get(decisionId) === 'r0';
      return isFirst ? { outcome: 'vote_recorded', approval } : { outcome: 'refused', code: 'self_approval', approval };
    };
    const answers = await Promise.all(people.map(({ key }) => decide(approval, { decision: 'reject' }, { key })));
    expect(answers.map(({ status }) => status)).toEqual([200, 403]);
  });

  test('a busy query buffer is tried again at once', async () => {
    const run = await scriptedRun(world);
    const approval = await run.asks();
    let tries = 0;
    world.gateway.onVerdict = () => {
      tries += 1;
      if (tries < 3) throw Object.assign(new Error('8 RESOURCE_EXHAUSTED'), { code: 8 });
      return { outcome: 'refused', code: 'superseded' };
    };
    const { status, body } = await approve<{ code: string }>(approval);
    expect([status, body.code, tries]).toEqual([409, 'superseded', 3]);
  });
});
