/**
 * Who else has put words or values into a run, by their signed commands: those whom `notRequester` excludes. The request
 * names the ones that the workflow knew; a command that the request does not know counts once the run has followed it.
 */
import type { ApprovalRow } from '../store/approvals.ts';
import { readCommands } from '../store/commands.ts';
import type { Store } from '../store/database.ts';
import { readEvents } from '../store/events.ts';
import type { PinnedRun } from './pinned-run.ts';

const PAGE = 1_000;

/** Ids of the signatures that events before this time name: commands that the run has followed. */
const followedSignatures = async (store: Store, run: PinnedRun, beforeMs: number): Promise<Set<string>> => {
  const followed = new Set<string>();
  for (let after = 0; ;) {
    const { start, rootRunId } = run;
    const events = await readEvents(store, start, rootRunId, { after, limit: PAGE, runId: start.runId });
    for (const { at, data } of events)
      if (at < beforeMs && typeof data['signatureId'] === 'string') followed.add(data['signatureId']);
    const last = events.at(-1);
    if (!last || events.length < PAGE || last.at >= beforeMs) return followed;
    after = last.seq;
  }
};

type Asked = Pick<ApprovalRow, 'contributors' | 'requestedAt'>;

/** Contributors that the request should have named and does not: those of the runs above it, up to its start, too. */
export const unnamedContributors = async (store: Store, run: PinnedRun, asked: Asked): Promise<string[]> => {
  const own = await unnamedIn(store, run, asked);
  if (!run.parent) return own;
  const { run: parent, reservedAtMs } = run.parent;
  const before = { ...asked, requestedAt: Math.min(asked.requestedAt, reservedAtMs) };
  return [...new Set([...own, ...(await unnamedContributors(store, parent, before))])];
};

const unnamedIn = async (
  store: Store,
  run: PinnedRun,
  { contributors = [], requestedAt }: Asked,
): Promise<string[]> => {
  const commands = await readCommands(store, run.start, run.start.runId);
  const unnamed = commands.filter(
    ({ contributes, iat, principal }) =>
      contributes &&
      iat < requestedAt &&
      !contributors.includes(principal) &&
      principal !== run.start.requester.principal,
  );
  const starters = (run.start.contributors ?? []).filter((principal) => !contributors.includes(principal));
  if (unnamed.length === 0) return starters;
  // Many were refused by the run: they put nothing into it.
  const followed = await followedSignatures(store, run, requestedAt);
  const further = unnamed.filter((one) => followed.has(one.signatureId)).map((one) => one.principal);
  return [...new Set([...starters, ...further])];
};
