/** Decisions over HTTP, by so many clients at once: each approves one run after the other. */
import { completeMany } from '../measures/throughput.ts';
import { summaryOf } from '../statistics.ts';
import type { Summary } from '../statistics.ts';
import { PARTS } from './open-installation.ts';
import type { Costs, Installation, PartName } from './open-installation.ts';
import { parkRuns, untilEnded } from './parked-runs.ts';
import type { ParkedRun } from './parked-runs.ts';

export interface Decisions {
  readonly clients: number;
  readonly perSecond: number;
  readonly answeredMs: Summary;
  /** Answered 202: no worker had done so in time. They count all the same. */
  readonly pending: number;
  /** Of each part, until every run that was decided is over; undefined where the system does not tell. */
  readonly cpuMsPerDecision: Readonly<Record<PartName, number | undefined>>;
  readonly memoryBytes: Readonly<Record<PartName, number | undefined>>;
  /** Answers that must not be. */
  readonly faults: readonly string[];
}

export async function measureDecisions(
  installation: Installation,
  { clients, decisions }: { readonly clients: number; readonly decisions: number },
): Promise<Decisions> {
  const parked = await parkRuns(installation, decisions);
  const waiting = [...parked];
  const times: number[] = [];
  const faults: string[] = [];
  let pending = 0;
  const before = installation.costs();
  const startedAt = performance.now();
  await completeMany(clients, decisions, async () => {
    const run = waiting.pop();
    if (!run) return;
    const sentAt = performance.now();
    const { status, text } = await decide(installation, run);
    times.push(performance.now() - sentAt);
    if (status === 202) pending += 1;
    else if (status !== 200) faults.push(`a decision of ${clients} clients was answered ${status}: ${text}`);
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  // What the runs do with the decision is part of its cost.
  await untilEnded(installation, parked);
  const after = installation.costs();
  return {
    clients,
    perSecond: decisions / seconds,
    answeredMs: summaryOf(times),
    pending,
    cpuMsPerDecision: eachPart((part) => difference(before, after, part, decisions)),
    memoryBytes: eachPart((part) => after[part]?.memoryBytes),
    faults,
  };
}

const decide = ({ http, key: apiKey }: Installation, { runId, key, digest }: ParkedRun) =>
  http.post(`/v1/runs/${runId}/approvals/${key}/decisions`, apiKey, { decision: 'approve', digest });

const eachPart = <T>(of: (part: PartName) => T): Record<PartName, T> =>
  Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Record<PartName, T>;

function difference(before: Costs, after: Costs, part: PartName, decisions: number): number | undefined {
  const [from, to] = [before[part], after[part]];
  return from && to && (to.cpuMs - from.cpuMs) / decisions;
}
