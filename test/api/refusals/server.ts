import type { SERVER } from '../../../src/contract/problems/server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { QUICK } from '../quick.ts';
import { scriptedRun } from '../run-script.ts';
import type { Refusals } from './refusal.ts';
import { START } from './stage.ts';
import type { Stage } from './stage.ts';

const atTight = ({ tight }: Stage, key = tight.key) => ({ url: tight.url, key });

/** As gRPC says it. */
const away = () => Object.assign(new Error('14 UNAVAILABLE'), { code: 14, details: '', metadata: {} });

const BUSY_MS = 1_500;
const beBusy = (): void => {
  const end = performance.now() + BUSY_MS;
  while (performance.now() < end);
};

export const server: Refusals<typeof SERVER> = {
  too_many_streams: {
    given: 'The server lets a principal have one stream (512 in earnest), and that is open.',
    by: async (stage) => {
      const { key } = await stage.tight.newKey({ principal: 'vera' });
      const { runId } = await scriptedRun(stage.tight, key);
      const path = `/v1/runs/${runId}/events`;
      const open = new AbortController();
      const headers = { authorization: `Bearer ${key}`, accept: 'text/event-stream' };
      await fetch(`${stage.tight.url}${path}`, { headers, signal: open.signal });
      const again = { path, headers: { Accept: 'text/event-stream' }, ...atTight(stage, key) };
      return { ...again, afterwards: () => open.abort() };
    },
  },
  too_many_active_runs: {
    given: 'The deployment lets a requester have one active run.',
    by: async (stage) => {
      const { key } = await stage.tight.newKey({ principal: 'dora' });
      await scriptedRun(stage.tight, key);
      return { path: '/v1/runs', body: START, ...atTight(stage, key) };
    },
  },
  rate_limited: {
    given: 'The deployment lets a principal read three times a minute, and this is the fourth time.',
    by: async (stage) => {
      const { key } = await stage.tight.newKey({ principal: 'hugo' });
      for (let time = 1; time <= 3; time += 1) await stage.tight.call('GET', '/v1/runs', { key });
      return { path: '/v1/runs', ...atTight(stage, key) };
    },
  },
  internal_error: {
    because: 'It is a fault of the server itself: no request is known that leads to it.',
  },
  temporal_unavailable: {
    given: 'Temporal is away.',
    by: ({ usual: { gateway } }) => {
      gateway.unavailable = away();
      const afterwards = () => void (gateway.unavailable = undefined);
      return { path: '/v1/runs', headers: { 'Idempotency-Key': 'order-8' }, body: START, afterwards };
    },
  },
  classic_unavailable: {
    given: 'This API drives no runs of classic execution.',
    by: async (stage) => {
      const { key } = await stage.tight.newKey({ principal: 'cleo' });
      return { path: '/v1/runs', body: { agent: QUICK, input: 'Refund order 7.' }, ...atTight(stage, key) };
    },
  },
  store_unavailable: {
    given: 'PostgreSQL is away.',
    by: (stage) => {
      stage.relay.cut();
      return { path: '/v1/runs', ...atTight(stage), afterwards: () => stage.relay.restore() };
    },
  },
  guard_unavailable: {
    given: 'Messages pass a moderation service, and that is away.',
    by: async (stage) => {
      const { key } = await stage.tight.newKey({ principal: 'mona' });
      const { runId } = await scriptedRun(stage.tight, key);
      const body = { text: 'The customer has called again.' };
      return { path: `/v1/runs/${runId}/messages`, body, ...atTight(stage, key) };
    },
  },
  shutting_down: {
    because:
      'It takes a connection that was opened before the server began to close and a request that arrives on it after ' +
      'the server has drained: a moment, in which new connections are refused already.',
  },
  // The last one: it takes the server a second to be calm again.
  overloaded: {
    given: 'The process has had no time for anything for more than a second.',
    by: async (stage) => {
      await waitFor('the server to say that it is overloaded', async () => {
        beBusy();
        return (await stage.tight.call('GET', '/readyz', { key: null })).body.code === 'overloaded';
      });
      // It measures once a second: what comes right after has this in it.
      beBusy();
      return { path: '/v1/runs', ...atTight(stage) };
    },
  },
};
