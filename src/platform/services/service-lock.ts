// One owner for each data directory and each installation: a second start is told who the first one is.
import { join } from 'node:path';
import { tryLock } from '../../../scripts/process-lock.mjs';
import type { HeldLock } from '../../../scripts/process-lock.mjs';
import { LocalServiceError } from './local-service-error.ts';

export interface InstanceClaim {
  /** Tells a second start where this one can be reached. */
  announce(addresses: Readonly<Record<string, string>>): void;
  release(): void;
}

export type InstanceResult =
  | { readonly claimed: true; readonly claim: InstanceClaim }
  | { readonly claimed: false; readonly pid: number; readonly message: string };

/** Claims a state directory for one running installation. When another has it, the message names pid and addresses. */
export function claimInstance(stateDirectory: string): InstanceResult {
  const result = tryLock(join(stateDirectory, 'instance.lock'));
  if (result.acquired) {
    const { lock } = result;
    return { claimed: true, claim: { announce: (addresses) => lock.update(addresses), release: () => lock.release() } };
  }
  const { pid, details } = result.holder;
  const addresses = Object.entries(details).map(([name, address]) => `\n  ${name}: ${String(address)}`);
  const state = addresses.length === 0 ? ' (still starting)' : '';
  const message = `Countersign is already running from this checkout: process ${pid}${state}.${addresses.join('')}`;
  return { claimed: false, pid, message: `${message}\nUse that one, or stop it first (kill ${pid}).` };
}

/** Takes the lock of one service's data directory, or refuses: two servers on the same files would corrupt them. */
export function lockService(directory: string, service: string): HeldLock {
  const result = tryLock(join(directory, `${service}.lock`));
  if (result.acquired) return result.lock;
  const { pid } = result.holder;
  throw new LocalServiceError(
    `${service} of ${directory} is already running for process ${pid}.`,
    `Use that one, or stop it first (kill ${pid}).`,
  );
}
