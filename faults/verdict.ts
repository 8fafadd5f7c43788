/** Counts what happened outside against what people decided inside. */
import type { Approval } from '../src/contract/approvals.ts';
import type { RunEventView } from '../src/contract/events.ts';
import type { EffectLine } from './agents.ts';

export interface RunRecord {
  readonly runId: string;
  readonly status: string;
  readonly approvals: readonly Approval[];
  readonly events: readonly RunEventView[];
  readonly chainHolds: boolean;
}

export interface Verdict {
  readonly effects: number;
  /** Effect keys of `once` tools that took effect more than once. */
  readonly duplicates: readonly string[];
  /** Effects that nobody approved, or not so. */
  readonly unapproved: readonly string[];
  /** Approved calls that came to nothing, and runs that never ended. */
  readonly lost: readonly string[];
  readonly brokenChains: readonly string[];
}

const keyOf = ({ approvalId, revision }: Approval): string => `${approvalId}.${revision}`;

const isSame = (line: EffectLine, approval: Approval): boolean => {
  const { effectKey: _, tool, pid: __, ...transfer } = line;
  return tool === approval.tool.name && JSON.stringify(sorted(transfer)) === JSON.stringify(sorted(approval.arguments));
};

const sorted = (value: unknown) =>
  Object.entries((value ?? {}) as Record<string, unknown>).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** What a person answered for, an operator settled, or the clock made void is not lost. */
const isAccountedFor = (approval: Approval, { events }: RunRecord, keys: ReadonlySet<string>): boolean =>
  keys.has(keyOf(approval)) ||
  events.some(
    ({ type, data }) =>
      data['toolCallId'] === approval.toolCallId &&
      (type === 'tool.denied' ||
        (type === 'effect.resolved' && (data['resolution'] === 'fail' || data['resolution'] === 'mark_done'))),
  );

export const judge = (lines: readonly EffectLine[], runs: readonly RunRecord[]): Verdict => {
  const approved = new Map(
    runs.flatMap((run) => run.approvals.filter((one) => one.status === 'approved').map((one) => [keyOf(one), one])),
  );
  const byKey = Map.groupBy(lines, (line) => line.effectKey);
  const unapproved = [...byKey].flatMap(([key, all]) => {
    const approval = approved.get(key);
    return approval && all.every((line) => isSame(line, approval)) ? [] : [key];
  });
  const duplicates = [...byKey].flatMap(([key, all]) => (all.length > 1 && all[0]?.tool === 'move' ? [key] : []));
  const keys = new Set(byKey.keys());
  const lost = runs.flatMap((run) => [
    ...(run.status === 'completed' || run.status === 'cancelled' ? [] : [`${run.runId} is ${run.status}`]),
    ...(run.status === 'cancelled' ? [] : run.approvals)
      .filter((one) => one.status === 'approved' && !isAccountedFor(one, run, keys))
      .map(keyOf),
  ]);
  const brokenChains = runs.filter((run) => !run.chainHolds).map((run) => run.runId);
  return { effects: lines.length, duplicates, unapproved, lost, brokenChains };
};
