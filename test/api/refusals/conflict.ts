import type { Brake } from '../../../src/contract/brakes.ts';
import type { KeyWithSecret } from '../../../src/contract/keys.ts';
import type { CONFLICT } from '../../../src/contract/problems/conflict.ts';
import type { RunEvent } from '../../../src/domain/schemas/event.ts';
import { QUICK } from '../quick.ts';
import { obedientRun } from '../obedient-run.ts';
import type { ObedientRun } from '../obedient-run.ts';
import { parkedRun, settleEffect } from '../parked-run.ts';
import { refusedEvent } from '../run-script.ts';
import type { CurlRequest } from './curl.ts';
import type { Refusals } from './refusal.ts';
import { ANYBODY, START } from './stage.ts';

const APPROVE = { decision: 'approve' } as const;
const REJECT = { decision: 'reject' } as const;

const command = ({ runId }: { runId: string }, name: string, body: object): CurlRequest => ({
  path: `/v1/runs/${runId}/${name}`,
  body,
});
const resolve = (run: ObedientRun, more: object = {}): CurlRequest =>
  command(run, 'resolve', {
    toolCallId: 'call_1_0',
    resolution: 'fail',
    reason: 'The bank has no record of it.',
    ...more,
  });

export const conflict: Refusals<typeof CONFLICT> = {
  already_decided: {
    given: 'Grace has approved it.',
    by: async ({ ask }) => {
      const { decided, decision } = await ask();
      await decided('grace', 'approve', 'approved');
      return decision(REJECT);
    },
  },
  already_voted: {
    given: 'The rule wants two people, and this one has rejected it.',
    by: async ({ ask }) => {
      const { decided, decision } = await ask({}, { approverRules: [{ ...ANYBODY, approvals: 2, rejections: 2 }] });
      await decided('ada', 'reject', undefined);
      return decision(APPROVE);
    },
  },
  claimed: {
    given: 'Grace has claimed it.',
    by: async ({ ask, keyOf, usual }) => {
      const { approval, decision } = await ask();
      const path = `/v1/runs/${approval.runId}/approvals/${approval.key}/claim`;
      await usual.call('POST', path, { key: await keyOf({ principal: 'grace' }), body: {} });
      return decision(APPROVE);
    },
  },
  digest_mismatch: {
    given: 'The digest is that of another call.',
    by: async ({ ask }) => (await ask()).decision({ ...APPROVE, digest: `sha256:${'0'.repeat(64)}` }),
  },
  superseded: {
    given: 'Grace has requested changes.',
    by: async ({ ask }) => {
      const { decided, decision } = await ask();
      await decided('grace', 'request_changes', 'superseded');
      return decision(APPROVE);
    },
  },
  decision_refused: {
    given: 'The run no longer knows the approval.',
    by: async ({ ask, usual: { gateway } }) => {
      const { run, decision } = await ask();
      gateway.onDecide = async (_address, signed) => {
        await run.happens(refusedEvent(signed, 'unknown_approval'));
        return 'accepted' as const;
      };
      return { ...decision(APPROVE), afterwards: () => void (gateway.onDecide = () => 'accepted') };
    },
  },
  command_refused: {
    given: 'The run is on a newer worker, which refuses for a reason that this API does not know.',
    by: async ({ run, usual: { gateway } }) => {
      const scripted = await run();
      const others = gateway.onCommand;
      gateway.onCommand = async (_address, name, { bytes }) => {
        const { commandId } = JSON.parse(bytes) as { commandId: string };
        const data = { command: name, commandId, code: 'not_at_night' };
        await scripted.happens({ type: 'command.refused', at: Date.now(), data });
        return 'accepted' as const;
      };
      const block = command(scripted, 'block', { reason: 'The customer has called.' });
      return { ...block, afterwards: () => void (gateway.onCommand = others) };
    },
  },
  too_many_messages: {
    given: 'The run has had 100 messages.',
    by: async ({ usual }) => {
      const run = await obedientRun(usual);
      const textRef = await run.keeps({ text: 'And another thing.' });
      const actor = { principal: 'ada', kind: 'person' as const, groups: [], credentialId: 'a'.repeat(16) };
      const messages = Array.from({ length: 100 }, (_, index): RunEvent => {
        const signed = { actor, channel: 'api' as const, signatureId: `sig_${index}` };
        return { type: 'message.received', at: Date.now(), data: { ...signed, commandId: `cmd_${index}`, textRef } };
      });
      await run.happens(...messages);
      return command(run, 'messages', { text: 'The customer has called again.' });
    },
  },
  not_blocked: {
    given: 'Nothing is wrong with the run.',
    by: async ({ run }) => command(await run(), 'unblock', { note: 'All is well.' }),
  },
  not_parked: {
    given: 'Nothing is wrong with the run.',
    by: async ({ usual }) => resolve(await obedientRun(usual)),
  },
  effect_settled: {
    given: 'The call is parked, and its attempt has just reported.',
    by: async ({ usual }) => {
      const { run, effectKey } = await parkedRun(usual);
      await settleEffect(usual, effectKey);
      return resolve(run);
    },
  },
  attempt_changed: {
    given: 'The call is parked over its first attempt.',
    by: async ({ usual }) => resolve((await parkedRun(usual)).run, { epoch: 2 }),
  },
  key_ended: {
    given: 'The key in the path is revoked.',
    by: async ({ usual }) => {
      const body = { principal: 'grace', kind: 'person', roles: ['approver'] };
      const { keyId } = (await usual.call<KeyWithSecret>('POST', '/v1/keys', { body })).body;
      await usual.call('POST', `/v1/keys/${keyId}/revoke`);
      return { method: 'POST', path: `/v1/keys/${keyId}/rotate` };
    },
  },
  brake_released: {
    given: 'Somebody has released the brake.',
    by: async ({ usual }) => {
      const body = { reason: 'The bank is down.', agent: 'refunds' };
      const { brakeId } = (await usual.call<Brake>('POST', '/v1/brakes', { body })).body;
      await usual.call('DELETE', `/v1/brakes/${brakeId}`);
      const bypass = { scope: { tool: 'refund' }, minutes: 15, reason: 'One order must go out today.' };
      return { path: `/v1/brakes/${brakeId}/bypasses`, body: bypass };
    },
  },
  classic_run: {
    given: 'The agent is of classic execution, and the run is not over.',
    by: async ({ usual }) => {
      const headers = { prefer: 'respond-async' };
      const body = { agent: QUICK, input: 'Refund order 7.' };
      const { body: run } = await usual.call<{ runId: string }>('POST', '/v1/runs', { body, headers });
      return command(run, 'messages', { text: 'Wait for me.' });
    },
  },
  conversation_busy: {
    given: 'The conversation has a run that is not finished.',
    by: async ({ usual }) => {
      const body = { ...START, conversationId: 'ticket-4711' };
      await usual.call('POST', '/v1/runs', { body });
      return { path: '/v1/runs', body };
    },
  },
};
