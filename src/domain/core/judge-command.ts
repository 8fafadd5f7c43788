/** What becomes of commands that are no decisions: extend, block, unblock and resolve. Each counts once, by its id. */
import type { Channel } from '../schemas/actor.ts';
import type {
  BlockCommand,
  ExtendCommand,
  MessageCommand,
  ResolveCommand,
  UnblockCommand,
} from '../schemas/command.ts';
import type { RunEvent } from '../schemas/event.ts';
import type { BlobRef } from '../schemas/names.ts';
import { approvalId, effectKey, subRunId } from './ids.ts';
import { settledCode, signedBy } from './judge-decision.ts';
import type { Attestation } from './judge-decision.ts';
import { BLOCKED_ABOVE, concernsRun, isBlocked, isEnding } from './state.ts';
import type { CallState, RunState } from './state.ts';
import { ATTENTION_TEXTS } from './texts.ts';

export type Attested<Command> = Attestation & { readonly command: Command };

/** No approval stays open for longer than this after it was asked for. */
export const MAX_OPEN_MS = 30 * 24 * 3_600_000;

type Followable = ExtendCommand | UnblockCommand | ResolveCommand | BlockCommand | MessageCommand;

export const isFollowed = (state: RunState, { commandId }: Followable): boolean =>
  state.followed?.includes(commandId) ?? false;

/** Tells why a command is not followed; nothing where it was answered before. */
export const refused = (state: RunState, command: Followable, code: string, now: number): RunEvent[] =>
  isFollowed(state, command)
    ? []
    : [{ type: 'command.refused', at: now, data: { command: command.type, commandId: command.commandId, code } }];

export const judgeExtend = (state: RunState, given: Attested<ExtendCommand>, now: number): RunEvent[] => {
  const { command } = given;
  if (isFollowed(state, command)) return [];
  const approval = state.approvals[command.approvalId];
  if (isEnding(state)) return refused(state, command, 'run_over', now);
  if (!approval) return refused(state, command, 'unknown_approval', now);
  if (command.revision !== approval.revision) return refused(state, command, 'superseded', now);
  const settled = settledCode(approval) ?? (given.attestedAt >= approval.decideBy ? 'expired' : undefined);
  if (settled) return refused(state, command, settled, now);
  const { commandId, revision, decideBy, reasonRef } = command;
  if (decideBy <= approval.decideBy || decideBy > approval.requestedAt + MAX_OPEN_MS)
    return refused(state, command, 'deadline_not_allowed', now);
  const id = approval.approvalId;
  const data = { approvalId: id, revision, commandId, decideBy, ...signedBy(given), ...(reasonRef && { reasonRef }) };
  return [{ type: 'approval.extended', at: now, data }];
};

/** Obeyed without a signature too, since it only tightens: then nobody is named, and once is enough. */
export type Block =
  | Attested<BlockCommand>
  | { readonly channel: Channel; readonly command?: undefined; readonly reasonRef?: BlobRef };

export const judgeBlock = (state: RunState, given: Block, now: number): RunEvent[] => {
  const blocked = { code: 'blocked', detail: ATTENTION_TEXTS.blocked };
  if (!given.command) {
    if (isBlocked(state) || isEnding(state)) return [];
    return [{ type: 'run.blocked', at: now, data: { ...blocked, channel: given.channel } }];
  }
  const { commandId, reasonRef } = given.command;
  if (isFollowed(state, given.command)) return [];
  if (isEnding(state)) return refused(state, given.command, 'run_over', now);
  return [{ type: 'run.blocked', at: now, data: { ...blocked, ...signedBy(given), commandId, reasonRef } }];
};

/** Told by the parent's workflow. Needs no signature: it only tightens. */
export const judgeBlockAbove = (state: RunState, now: number): RunEvent[] => {
  const isKnown = (state.attentions ?? []).some(({ code }) => code === BLOCKED_ABOVE);
  if (isKnown || isEnding(state)) return [];
  return [{ type: 'run.blocked', at: now, data: { code: BLOCKED_ABOVE, detail: ATTENTION_TEXTS.blocked_above } }];
};

/** Told by the sub-run that carries a call out: it is shown, and proves nothing. */
export const judgeSubRunStatus = (
  state: RunState,
  { toolCallId, status }: { readonly toolCallId: string; readonly status: NonNullable<CallState['below']> },
  now: number,
): RunEvent[] => {
  const call = state.calls.find((one) => one.toolCallId === toolCallId);
  if (call?.role !== 'agent' || call.status !== 'running' || (call.below ?? 'running') === status) return [];
  const { rootRunId, runId } = state.identity;
  const subRun = subRunId(rootRunId, runId, toolCallId);
  return [{ type: 'sub_run.changed', at: now, data: { toolCallId, tool: call.tool, subRunId: subRun, status } }];
};

export const judgeUnblock = (state: RunState, given: Attested<UnblockCommand>, now: number): RunEvent[] => {
  const { command } = given;
  if (isFollowed(state, command)) return [];
  const attentions = (state.attentions ?? []).filter((one) =>
    command.inherited ? one.code === BLOCKED_ABOVE : concernsRun(one),
  );
  if (attentions.length === 0 || isEnding(state)) return refused(state, command, 'not_blocked', now);
  const { commandId, noteRef } = command;
  const calls = attentions.flatMap(({ toolCallId }) => state.calls.filter((call) => call.toolCallId === toolCallId));
  const answers = calls.map((call) => call.toolCallId);
  return [
    {
      type: 'run.unblocked',
      at: now,
      data: { ...signedBy(given), commandId, noteRef, answers, ...(command.inherited && { inherited: true }) },
    },
    ...calls.map(({ toolCallId, tool }): RunEvent => ({
      type: 'tool.completed',
      at: now,
      data: { toolCallId, tool, resultRef: noteRef, suppliedBy: 'person' },
    })),
  ];
};

/** A call whose request for consent ran out, and that parked the run over it. */
const isExpired = (state: RunState, call: CallState): boolean =>
  call.basis !== 'expiry' && state.approvals[approvalId(state.identity.runId, call.toolCallId)]?.status === 'expired';

const resolveFault = (state: RunState, command: ResolveCommand, call: CallState | undefined): string | undefined => {
  const concern = (state.attentions ?? []).find((one) => one.toolCallId === command.toolCallId);
  if (call?.status !== 'parked' || !concern || concernsRun(concern) || isEnding(state)) return 'not_parked';
  const key = effectKey(state.identity.runId, call.toolCallId, call.revision);
  const isSameAttempt =
    command.effectKey === key && command.digest === call.digest && command.epoch === (call.unknownEpoch ?? 0);
  if (!isSameAttempt) return 'attempt_changed';
  const { resolution, resultRef } = command;
  if (resolution === 'mark_done') return call.unknownEpoch && resultRef ? undefined : 'resolution_not_allowed';
  return undefined;
};

export const judgeResolve = (state: RunState, given: Attested<ResolveCommand>, now: number): RunEvent[] => {
  const { command } = given;
  if (isFollowed(state, command)) return [];
  const call = state.calls.find((one) => one.toolCallId === command.toolCallId);
  const fault = resolveFault(state, command, call);
  if (fault || !call) return refused(state, command, fault ?? 'not_parked', now);
  const { commandId, epoch, resolution, resultRef, reasonRef } = command;
  const { toolCallId, tool } = call;
  const named = { toolCallId, tool };
  const resolved: RunEvent = {
    type: 'effect.resolved',
    at: now,
    data: {
      ...named,
      ...signedBy(given),
      commandId,
      effectKey: command.effectKey,
      epoch,
      resolution,
      reasonRef,
      ...(resultRef && { resultRef }),
    },
  };
  if (resolution === 'mark_done' && resultRef)
    return [resolved, { type: 'tool.completed', at: now, data: { ...named, resultRef, suppliedBy: 'person' } }];
  if (resolution === 'fail')
    return [resolved, { type: 'tool.failed', at: now, data: { ...named, code: 'failed_by_operator', reasonRef } }];
  if (!isExpired(state, call)) return [resolved];
  const id = approvalId(state.identity.runId, toolCallId);
  const decideBy = now + (call.verdict?.decideWithinMs ?? 0);
  return [
    resolved,
    { type: 'approval.reopened', at: now, data: { approvalId: id, revision: call.revision, decideBy } },
  ];
};

/** Harmless whoever sends it: the ledger answers. */
export const judgeRecheck = (state: RunState, toolCallId: string, now: number): RunEvent[] => {
  const call = state.calls.find((one) => one.toolCallId === toolCallId);
  if (call?.status !== 'parked' || call.unknownEpoch === undefined || isEnding(state)) return [];
  return [{ type: 'effect.rechecked', at: now, data: { toolCallId, tool: call.tool } }];
};
