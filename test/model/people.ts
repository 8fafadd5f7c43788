/** The people of a random run: their commands as the bridge would sign them, with the flaws that a move wants. */
import { rulesOf } from '../../src/domain/core/approver-rules.ts';
import type { CoreCommand } from '../../src/domain/core/decide.ts';
import { editOutcome } from '../../src/domain/core/edit-outcome.ts';
import { approvalId, effectKey } from '../../src/domain/core/ids.ts';
import type { AttestedDecision } from '../../src/domain/core/judge-decision.ts';
import type { ApprovalState, RunState } from '../../src/domain/core/state.ts';
import type { DecideCommand, ResolveCommand } from '../../src/domain/schemas/command.ts';
import { RUN_ID, digest, ref } from '../support/core.ts';
import { PEOPLE, POLICIES, argumentsRefOf, digestOfCall } from './cast.ts';
import type { Who } from './cast.ts';
import type { DecideMove, Move } from './moves.ts';
import { pick } from './pick.ts';

type MoveOf<Name extends Move['do']> = Extract<Move, { do: Name }>;
type CommandOf<Name extends CoreCommand['type']> = Extract<CoreCommand, { type: Name }>;

/** A call that is not there. */
const NOWHERE = 'call_999_0';

/** A decision by the most careful of clients: what an edit becomes is computed as the bridge computes it. */
const editOf = (
  approval: ApprovalState | undefined,
  editTo: DecideMove['editTo'],
  revision: number,
  serial: number,
) => {
  const argumentsRef = argumentsRefOf(editTo, serial);
  const verdict = POLICIES[editTo];
  const isAskedAgain = approval && editOutcome(approval.verdict, verdict, rulesOf(approval)) === 'revision';
  const of = isAskedAgain ? revision + 1 : revision;
  return { argumentsRef, verdict, digest: digestOfCall(approval?.toolCallId ?? NOWHERE, of, argumentsRef) };
};

export class People {
  #serial = 0;
  #last: { decisionId?: string; signatureId?: string; commandId?: string } = {};

  #signed(who: Who, attestedAt: number, signatureId = `jti-${++this.#serial}`) {
    return { actor: PEOPLE[who], channel: 'api' as const, attestedAt, signatureId, commandDigest: digest('c') };
  }

  #commandId(repeat: boolean): string {
    const commandId = (repeat ? this.#last.commandId : undefined) ?? `command-${++this.#serial}`;
    this.#last.commandId = commandId;
    return commandId;
  }

  decide(state: RunState, nowMs: number, move: DecideMove): AttestedDecision {
    const { which, kind, who, flaw, inbox, reason, editTo, state: path, grant } = move;
    const approvals = Object.values(state.approvals);
    const pending = approvals.filter((one) => one.status === 'pending');
    const approval = flaw === 'unknown' ? undefined : pick(which % 4 === 0 ? approvals : pending, which >> 2);
    const revision = (approval?.revision ?? 1) + (flaw === 'revision' ? 1 : 0);
    const decisionId = (flaw === 'repeat' ? this.#last.decisionId : undefined) ?? `decision-${++this.#serial}`;
    const signed = this.#signed(who, nowMs, flaw === 'signature' ? this.#last.signatureId : undefined);
    this.#last = { ...this.#last, decisionId, signatureId: signed.signatureId };
    const command: DecideCommand = {
      type: 'decide',
      runId: RUN_ID,
      approvalId: approval?.approvalId ?? approvalId(RUN_ID, NOWHERE),
      revision,
      decisionId,
      decision: kind,
      ...(flaw !== 'noDigest' && { digest: flaw === 'digest' || !approval ? digest('wrong') : approval.digest }),
      ...(reason && { reasonRef: ref('reason') }),
      ...((kind === 'edit') !== (flaw === 'unfinished') && {
        edited: editOf(approval, editTo, revision, ++this.#serial),
      }),
      ...(kind === 'respond' && flaw !== 'unfinished' && { responseRef: ref('answer') }),
      ...(path !== undefined && { stateEdits: { ref: ref('state'), paths: [path] } }),
      ...(grant && { grantId: 'grant_proposed' }),
    };
    const attestedAt = flaw === 'late' && approval ? approval.decideBy : nowMs;
    return { command, ...signed, channel: inbox ? 'inbox' : 'api', attestedAt };
  }

  block(nowMs: number, { signed, repeat }: MoveOf<'block'>): CommandOf<'block'> {
    if (!signed) return { type: 'block', given: { channel: 'temporal' } };
    const commandId = this.#commandId(repeat);
    const command = { type: 'block', runId: RUN_ID, commandId, reasonRef: ref('stop') } as const;
    return { type: 'block', given: { command, ...this.#signed('anna', nowMs) } };
  }

  unblock(nowMs: number, { who, repeat }: Pick<MoveOf<'unblock'>, 'who' | 'repeat'>): CommandOf<'unblock'> {
    const commandId = this.#commandId(repeat);
    const command = { type: 'unblock', runId: RUN_ID, commandId, noteRef: ref('note') } as const;
    return { type: 'unblock', given: { command, ...this.#signed(who, nowMs) } };
  }

  extend(state: RunState, nowMs: number, { which, byMs, stale, repeat }: MoveOf<'extend'>): CommandOf<'extend'> {
    const approval = pick(Object.values(state.approvals), which);
    const command = {
      type: 'extend' as const,
      runId: RUN_ID,
      commandId: this.#commandId(repeat),
      approvalId: approval?.approvalId ?? approvalId(RUN_ID, NOWHERE),
      revision: (approval?.revision ?? 1) + (stale ? 1 : 0),
      decideBy: (approval?.decideBy ?? nowMs) + byMs,
    };
    return { type: 'extend', given: { command, ...this.#signed('anna', nowMs) } };
  }

  resolve(state: RunState, nowMs: number, move: MoveOf<'resolve'>): CommandOf<'resolve'> {
    const { which, resolution, stale, who, repeat } = move;
    const parked = state.calls.filter(({ status }) => status === 'parked');
    const call = pick(parked.length > 0 ? parked : state.calls, which);
    const toolCallId = call?.toolCallId ?? NOWHERE;
    const command: ResolveCommand = {
      type: 'resolve',
      runId: RUN_ID,
      commandId: this.#commandId(repeat),
      toolCallId,
      effectKey: effectKey(RUN_ID, toolCallId, call?.revision ?? 1),
      digest: call?.digest ?? digest('none'),
      epoch: (call?.unknownEpoch ?? 0) + (stale ? 1 : 0),
      resolution,
      reasonRef: ref('why'),
      ...(resolution === 'mark_done' && { resultRef: ref('by-hand') }),
    };
    return { type: 'resolve', given: { command, ...this.#signed(who, nowMs) } };
  }
}
