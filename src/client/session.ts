/** Signing in and out with a browser. */
import type { EndedSession, Session } from '../contract/session.ts';
import type { CallOptions, Calls } from './calls.ts';

export interface SessionClient {
  /** With the key or token that the client was made with: sets the cookie. */
  start(options?: CallOptions): Promise<Session>;
  get(options?: CallOptions): Promise<Session>;
  end(options?: CallOptions): Promise<EndedSession>;
}

export const sessionClient = ({ get, post, remove }: Calls): SessionClient => ({
  start: (given) => post('/v1/session', {}, given),
  get: (given) => get('/v1/session', given),
  end: (given) => remove('/v1/session', given),
});
