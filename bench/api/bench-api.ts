/** `npm run bench -- api`: how many decisions and streams one API carries, and what each part of it costs. */
import { say } from '../progress.ts';
import type { Services } from '../services.ts';
import { measureDecisions } from './decisions.ts';
import type { Decisions } from './decisions.ts';
import { openInstallation } from './open-installation.ts';
import { measureStreams } from './streams.ts';
import type { Streams } from './streams.ts';

export interface ApiSizes {
  /** Clients at once, and decisions of all of them together. */
  readonly decisions: readonly { readonly clients: number; readonly decisions: number }[];
  readonly streams: readonly number[];
  /** Events that all streams hear of, one after the other. */
  readonly rounds: number;
  readonly warmUpDecisions: number;
  /** While the streams are open. */
  readonly meanwhile: { readonly clients: number; readonly decisions: number };
}

export interface ApiResults {
  readonly decisions: readonly Decisions[];
  readonly streams: readonly Streams[];
}

export async function benchApi(services: Services, sizes: ApiSizes): Promise<ApiResults> {
  say('starting API and worker');
  await using installation = await openInstallation(services);
  await measureDecisions(installation, { clients: 8, decisions: sizes.warmUpDecisions });
  const decisions: Decisions[] = [];
  for (const order of sizes.decisions) {
    const measured = await measureDecisions(installation, order);
    decisions.push(measured);
    say(`${order.clients} clients: ${measured.perSecond.toFixed(1)} decisions/s`);
  }
  const streams: Streams[] = [];
  for (const count of sizes.streams) {
    const measured = await measureStreams(installation, { streams: count, rounds: sizes.rounds, ...sizes.meanwhile });
    streams.push(measured);
    say(`${count} streams: all have heard after ${measured.heardByAllMs.p50.toFixed(1)} ms`);
  }
  return { decisions, streams };
}

export const faultsIn = ({ decisions, streams }: ApiResults): readonly string[] =>
  [...decisions, ...streams].flatMap(({ faults }) => faults);
