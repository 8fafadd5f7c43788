/** Events that say a person commanded something, each to be held against the signed command that proves it. */
import { RunEvent } from '../schemas/event.ts';
import type { EventOf } from '../schemas/event.ts';
import { commandDifference } from './command-match.ts';
import type { Findings } from './report.ts';
import { isOfSubRun } from './sub-run-trail.ts';
import { actorFault } from './signed-commands.ts';
import type { CheckedCommand } from './signed-commands.ts';

interface Told {
  readonly seq: number;
  readonly runId: string;
  readonly event: RunEvent;
  readonly signatureId: string;
  /** Of decisions: what was asked for, and until when. */
  readonly asked?: { readonly digest: string; readonly decideBy: number };
}

type Decided = EventOf<'approval.decided'> | EventOf<'approval.vote_recorded'> | EventOf<'approval.superseded'>;

const isDecision = (event: RunEvent): event is Decided =>
  event.type === 'approval.decided' || event.type === 'approval.vote_recorded' || event.type === 'approval.superseded';

const signatureOf = ({ data }: RunEvent): string | undefined =>
  'signatureId' in data && typeof data.signatureId === 'string' ? data.signatureId : undefined;

/** Ids by which events answer commands: a command that none of them names was never answered. */
const answeredIds = ({ data }: RunEvent): readonly string[] =>
  ['decisionId' in data ? data.decisionId : undefined, 'commandId' in data ? data.commandId : undefined].filter(
    (id) => id !== undefined,
  );

/** How the request that a decision answers stands when the decision is told. */
export type AskedNow = (approvalId: string) => { readonly digest: string; readonly decideBy: number } | undefined;

export class SignedEvents {
  readonly #told: Told[] = [];
  readonly #starts: { seq: number; runId: string; event: EventOf<'run.started'> }[] = [];
  readonly #answered = new Set<string>();
  decisions = 0;

  /** Before anything follows the event. */
  follow(seq: number, runId: string, event: RunEvent, askedNow: AskedNow): void {
    for (const id of answeredIds(event)) this.#answered.add(id);
    // That of a sub-run is derived, not signed.
    if (event.type === 'run.started' && !isOfSubRun(event)) this.#starts.push({ seq, runId, event });
    if (isDecision(event)) this.decisions += 1;
    const signatureId = signatureOf(event);
    if (signatureId === undefined) return;
    const asked = isDecision(event) ? askedNow(event.data.approvalId) : undefined;
    this.#told.push({ seq, runId, event, signatureId, ...(asked && { asked }) });
  }

  /** Signatures that hold: of commands that are there, verify, and say what their events say. */
  check(commands: ReadonlyMap<string, CheckedCommand>, faults: Findings): ReadonlySet<string> {
    const holding = new Set<string>();
    const decidedBy = new Map<string, number>();
    for (const told of this.#told) {
      const { seq, signatureId, event } = told;
      const earlier = isDecision(event) ? decidedBy.get(signatureId) : undefined;
      if (isDecision(event)) decidedBy.set(signatureId, seq);
      if (earlier !== undefined) {
        faults.add('signature_reused', `${signatureId} decided already in event ${earlier}`, seq);
        continue;
      }
      const found = commands.get(signatureId);
      if (!found) {
        faults.add('missing_command', `${event.type} rests on ${signatureId}, which is not in the file`, seq);
        continue;
      }
      const fault = toldFault(told, found);
      if (fault) faults.add(fault.code, `${event.type} and ${signatureId}: ${fault.detail}`, seq);
      else holding.add(signatureId);
    }
    this.#checkStarts(commands, faults);
    return holding;
  }

  /** The run's requester, agent and policy are those of the signed start. */
  #checkStarts(commands: ReadonlyMap<string, CheckedCommand>, faults: Findings): void {
    const starts = [...commands.values()].filter(({ command }) => command.type === 'start');
    for (const { seq, runId, event } of this.#starts) {
      const found = starts.find(({ command }) => command.runId === runId);
      if (!found) {
        faults.add('missing_command', `the signed start of ${runId} is not in the file`, seq);
        continue;
      }
      const field = commandDifference(found.command, event);
      if (field !== undefined) faults.add('command_mismatch', `run.started has another ${field} than was signed`, seq);
      const { principal, kind } = found.claims.actor;
      const { requester, contributors = [] } = event.data;
      // A service that starts runs for others says so.
      const isNamed = kind === 'service' && contributors.includes(principal);
      if (requester.principal !== principal && !isNamed) {
        faults.add('actor_mismatch', `the start was signed for ${found.claims.actor.principal}`, seq);
      }
    }
  }

  /** Commands that nothing in the run answers: on their way when it was exported, or kept from it. */
  unanswered(commands: ReadonlyMap<string, CheckedCommand>): readonly CheckedCommand[] {
    const used = new Set(this.#told.map(({ signatureId }) => signatureId));
    return [...commands.values()].filter(({ command, line }) => {
      if (command.type === 'start' || command.type === 'grant' || used.has(line.signatureId)) return false;
      const id = command.type === 'decide' ? command.decisionId : command.commandId;
      return !this.#answered.has(id);
    });
  }
}

/** Who stands behind a run's start beside its requester. */
export const startersOf = (event: RunEvent): readonly string[] =>
  event.type === 'run.started' ? (event.data.contributors ?? []) : [];

/** The requester of each run, as its first event has it. */
export const requesterOf = (event: RunEvent): string | undefined =>
  event.type === 'run.started' ? event.data.requester.principal : undefined;

const toldFault = (
  { runId, event, asked }: Told,
  found: CheckedCommand,
): { readonly code: string; readonly detail: string } | undefined => {
  const { command, claims } = found;
  const data = event.data as { actor?: unknown; channel?: unknown; commandDigest?: string };
  if (claims.runId !== runId) return { code: 'other_run', detail: 'the command is for another run' };
  if (data.commandDigest !== undefined && data.commandDigest !== claims.commandDigest)
    return { code: 'command_digest_mismatch', detail: 'the event names other bytes than were signed' };
  const actor = actorFault(found, data);
  if (actor !== undefined) return { code: 'actor_mismatch', detail: actor };
  const field = commandDifference(command, event);
  if (field !== undefined) return { code: 'command_mismatch', detail: `they differ in ${field}` };
  if (!isDecision(event) || command.type !== 'decide') return undefined;
  if (!asked) return { code: 'unknown_request', detail: 'nobody asked for what it decides' };
  const needsDigest = command.decision === 'approve' || command.decision === 'edit';
  if (command.digest === undefined ? needsDigest : command.digest !== asked.digest)
    return { code: 'digest_not_requested', detail: 'what the person was shown is not what was asked for' };
  if (claims.iat >= asked.decideBy) return { code: 'decided_late', detail: 'it was signed after the deadline' };
  return undefined;
};

/** The event that a hashed body is; undefined for one of a newer version. */
export const runEventOf = (body: { readonly type: unknown; readonly at: unknown; readonly data: unknown }) =>
  RunEvent.safeParse({ type: body.type, at: body.at, data: body.data }).data;
