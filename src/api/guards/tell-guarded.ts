/** What the guards did is told with the run, once for each request, and read from there when the request comes again. */
import type { GuardReport } from '../../contract/guards.ts';
import { GuardNotice } from '../../domain/guards/guard.ts';
import { appendFromOutside } from '../../store/append-from-outside.ts';
import { readOriginEvents } from '../../store/events.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api, Caller } from '../dependencies.ts';

/** `subjectId` names the decision, command or run that the words came with. */
const originOf = (subjectId: string): string => `guard:${subjectId}`;

type Told = Pick<RunRow, 'tenant' | 'project' | 'rootRunId' | 'runId'>;

/** Before anything is signed or sent: nothing takes effect whose redaction is not on record. */
export async function tellGuarded(
  api: Api,
  { actor }: Pick<Caller, 'actor'>,
  run: Told,
  subjectId: string,
  notices: readonly GuardNotice[],
): Promise<void> {
  if (notices.length === 0) return;
  const at = await api.clock.nowMs();
  const told = notices.map((notice) => ({ type: 'text.guarded' as const, at, data: { ...notice, subjectId, actor } }));
  await appendFromOutside(api.store, run, originOf(subjectId), told);
}

/** What was told of a request that comes again. */
export async function guardsToldOf(api: Api, run: Told, subjectId: string): Promise<readonly GuardNotice[]> {
  const events = await readOriginEvents(api.store, run, run.runId, originOf(subjectId));
  return events.flatMap(({ data }) => GuardNotice.safeParse(data).data ?? []);
}

export function guardReports(notices: readonly GuardNotice[]): GuardReport[] {
  const groups = Map.groupBy(notices, ({ guard, action }) => `${guard} ${action}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const places = group.map(({ where, count }) => ({ where, count }));
    return first ? [{ guard: first.guard, action: first.action, places }] : [];
  });
}
