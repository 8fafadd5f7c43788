/** Several things are read, and several may be wrong: whoever starts a process hears of all at once. */
import { ConfigError } from './config-error.ts';

type Readings<T extends readonly unknown[]> = { -readonly [Index in keyof T]: Awaited<T[Index]> };

/** Throws one {@link ConfigError} with the faults of all; any other error goes first. */
export async function allFaults<const T extends readonly unknown[]>(...reading: T): Promise<Readings<T>> {
  const read = await Promise.allSettled(reading);
  const failures = read.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
  const bug = failures.find((failure) => !hasFaults(failure));
  if (bug !== undefined) throw bug;
  if (failures.length > 0) throw new ConfigError(failures.filter(hasFaults).flatMap(({ faults }) => faults));
  return read.map((one) => (one.status === 'fulfilled' ? one.value : undefined)) as Readings<T>;
}

/** Of the configuration, of agents, of policies: each has a list of what is wrong. */
const hasFaults = (error: unknown): error is { readonly faults: readonly string[] } =>
  error instanceof Error && 'faults' in error && Array.isArray(error.faults);
