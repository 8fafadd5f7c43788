/** Looks decisions up in what the store has of their run. */
import type { StoredEvent } from '../../domain/schemas/event.ts';
import { readCommands } from '../../store/commands.ts';
import { readEvents } from '../../store/events.ts';
import type { Api } from '../dependencies.ts';
import { hasSameKey } from './decision-id.ts';
import type { FoundApproval } from './find-approval.ts';

const PAGE = 500;
const TELLING = new Set(['approval.decided', 'approval.vote_recorded', 'approval.superseded']);

type IsWanted = (event: StoredEvent, decisionId: string) => boolean;

/** The last of the run's events that is wanted. */
async function findLast(api: Api, found: FoundApproval, isWanted: IsWanted): Promise<StoredEvent | undefined> {
  const { run, approval } = found;
  let last: StoredEvent | undefined;
  for (let after = 0; ;) {
    const events = await readEvents(api.store, run, run.rootRunId, { after, limit: PAGE, runId: approval.runId });
    last = events.findLast((event) => isWanted(event, String(event.data['decisionId']))) ?? last;
    const end = events.at(-1);
    if (!end || events.length < PAGE) return last;
    after = end.seq;
  }
}

/**
 * The event that told what became of it: where the gate has voided it since, that one. A repeat that came after the run
 * had moved on was refused; that says nothing of the decision itself.
 */
export async function findDecision(
  api: Api,
  found: FoundApproval,
  decisionId: string,
): Promise<StoredEvent | undefined> {
  let refused: StoredEvent | undefined;
  const told = await findLast(api, found, (event, id) => {
    if (id !== decisionId) return false;
    const isRefused = event.type === 'decision.refused';
    if (isRefused && event.data['voided'] !== true) refused = event;
    return TELLING.has(event.type) || (isRefused && event.data['voided'] === true);
  });
  return told ?? refused;
}

/** Whether it was ever given on this approval: each decision is kept before the run hears of it. */
export async function isGiven(api: Api, { run, approval }: FoundApproval, decisionId: string): Promise<boolean> {
  const recorded = await readCommands(api.store, run, approval.runId);
  return recorded.some(({ type, signed }) => {
    if (type !== 'decide') return false;
    const command = JSON.parse(signed.bytes) as { approvalId?: unknown; decisionId?: unknown };
    return command.decisionId === decisionId && command.approvalId === approval.approvalId;
  });
}

/** The edit under the same key that made a later revision of the approval. */
export const findRevising = (api: Api, found: FoundApproval, decisionId: string): Promise<StoredEvent | undefined> =>
  findLast(api, found, ({ type }, id) => type === 'approval.superseded' && hasSameKey(id, decisionId));
