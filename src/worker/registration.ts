/**
 * New runs get the definitions that were registered last. They are this worker's only while its version gets new runs:
 * otherwise a run could begin with tools that whoever carries it on does not have.
 */
import { startDiscovery } from './register-agents.ts';
import type { Discovery } from './register-agents.ts';

export interface Registration {
  /** Each time that the version has become current: another one's definitions may have been registered since. */
  begin(): Promise<void>;
  stop(): Promise<void>;
}

export const openRegistration = (known: Discovery): Registration => {
  let discovery: { stop(): Promise<void> } | undefined;
  return {
    async begin() {
      await discovery?.stop();
      discovery = await startDiscovery(known);
    },
    async stop() {
      await discovery?.stop();
    },
  };
};
