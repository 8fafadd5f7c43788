/** Builders for tests of the pure core: a run in memory, driven by commands. */
import { decide } from '../../src/domain/core/decide.ts';
import type { CoreCommand } from '../../src/domain/core/decide.ts';
import { effectKey } from '../../src/domain/core/ids.ts';
import { newRunState } from '../../src/domain/core/state.ts';
import type { ApprovalState, CallState, RunIdentity, RunState } from '../../src/domain/core/state.ts';
import { RunLimits } from '../../src/domain/schemas/agent.ts';
import type { Actor, Channel } from '../../src/domain/schemas/actor.ts';
import { ApproverRule } from '../../src/domain/schemas/approval.ts';
import type { DecisionKind, Verdict } from '../../src/domain/schemas/approval.ts';
import type { DecideCommand, ResolveCommand } from '../../src/domain/schemas/command.ts';
import type { JudgedCall, RunEvent } from '../../src/domain/schemas/event.ts';
import { RunEvent as RunEventSchema } from '../../src/domain/schemas/event.ts';
import type { ToolStepResult } from '../../src/domain/schemas/step.ts';

export const RUN_ID = 'run_aaaaaaaaaaaaaaaaaaaaaaaaaa';

const hexOf = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
export const ref = (name: string) => ({ sha256: hexOf(name), bytes: 10 });
export const digest = (name: string): string => `sha256:${hexOf(name)}`;

/** An approver rule: one approval of anybody, unless changed. */
export const rule = (change: Partial<ApproverRule> = {}): ApproverRule => ApproverRule.parse(change);

export const verdict = (effect: Verdict['effect'], change: Partial<Verdict> = {}): Verdict => ({
  effect,
  ruleId: 'rule-1',
  layer: 'agent',
  reason: 'because',
  risk: 'medium',
  allowedDecisions: ['approve', 'reject'],
  approverRules: effect === 'ask' ? [rule()] : [],
  decideWithinMs: 86_400_000,
  executeWithinMs: 3_600_000,
  onExpire: 'deny',
  ...change,
});

export const call = (turn: number, index: number, given: Verdict, change: Partial<JudgedCall> = {}): JudgedCall => ({
  toolCallId: `call_${turn}_${index}`,
  tool: 'write_file',
  argumentsRef: ref(`a${turn}${index}`),
  factsRef: ref(`f${turn}`),
  digest: digest(`${turn}-${index}`),
  verdict: given,
  effect: 'once',
  ...change,
});

export const person = (principal: string, groups: string[] = []): Actor => ({
  principal,
  kind: 'person',
  groups,
  credentialId: `key-${principal}`,
});

/** What a person makes of a call: other arguments, judged again. */
export const edit = (name: string, given: Verdict): NonNullable<DecideCommand['edited']> => ({
  argumentsRef: ref(name),
  digest: digest(name),
  verdict: given,
});

export interface Signed {
  readonly actor?: Actor;
  readonly channel?: Channel;
  readonly attestedAt?: number;
  readonly signatureId?: string;
}

export interface DecisionChange extends Signed {
  readonly decisionId?: string;
  /** `none`: the command names no digest. */
  readonly digest?: string;
  readonly revision?: number;
  readonly reason?: boolean;
  readonly edited?: DecideCommand['edited'];
  readonly response?: boolean;
  readonly statePaths?: string[];
  readonly grantId?: string;
}

export interface CoreRun {
  readonly state: RunState;
  readonly events: RunEvent[];
  /** Applies a command and gives the events it led to, each checked against its schema. */
  apply(command: CoreCommand): RunEvent[];
  advance(ms: number): void;
  /** Lets time pass, and gives what it led to. */
  waits(ms: number): RunEvent[];
  readonly now: number;
  types(): string[];
  asks(...calls: JudgedCall[]): RunEvent[];
  /** The model says that it is done. */
  finishes(): RunEvent[];
  /** One turn: the model is asked and answers so. */
  hears(finishReason: string, calls: readonly JudgedCall[]): RunEvent[];
  decides(key: string, decision: DecisionKind, change?: DecisionChange): RunEvent[];
  dispatches(toolCallId: string): RunEvent[];
  settles(toolCallId: string, result?: ToolStepResult): RunEvent[];
  extends(key: string, decideBy: number, change?: Signed & { revision?: number; commandId?: string }): RunEvent[];
  blocks(change?: Signed & { commandId?: string }): RunEvent[];
  unblocks(change?: Signed & { commandId?: string }): RunEvent[];
  messages(change?: Signed & { commandId?: string }): RunEvent[];
  resolves(
    toolCallId: string,
    resolution: ResolveCommand['resolution'],
    change?: Signed & Partial<ResolveCommand>,
  ): RunEvent[];
  approval(key: string): ApprovalState | undefined;
  call(toolCallId: string): CallState | undefined;
}

/** What a run of the agent `helper` is, for the core. */
export const helperRun = (requester: RunIdentity['requester']): RunIdentity => ({
  tenant: 'acme',
  project: 'web',
  runId: RUN_ID,
  rootRunId: RUN_ID,
  path: ['helper'],
  agent: 'helper',
  agentDigest: digest('agent'),
  policyDigest: digest('policy'),
  requester,
});

/** The types of events, for short expectations. */
export const typesOf = (events: readonly RunEvent[]): string[] => events.map((event) => event.type);

const USAGE = { inputTokens: 10, outputTokens: 5 };

export const coreRun = (limits: Partial<RunLimits> = {}, execution?: RunState['execution']): CoreRun => {
  let state = newRunState(helperRun({ principal: 'rita', groups: [] }), RunLimits.parse(limits), [], execution);
  let now = 1_000_000;
  let given = 0;
  const events: RunEvent[] = [];
  const idOf = (key: string): string => `tool-approval:${RUN_ID}:${key}`;
  const signed = (id: string, { actor, channel, attestedAt, signatureId }: Signed) => ({
    actor: actor ?? person('anna'),
    channel: channel ?? ('api' as const),
    attestedAt: attestedAt ?? now,
    signatureId: signatureId ?? `jti-${id}`,
    commandDigest: digest(id),
  });
  const run: CoreRun = {
    get state() {
      return state;
    },
    get now() {
      return now;
    },
    events,
    apply(command) {
      const step = decide(state, command, now);
      ({ state } = step);
      for (const event of step.events) RunEventSchema.parse(event);
      events.push(...step.events);
      return [...step.events];
    },
    advance(ms) {
      now += ms;
    },
    waits(ms) {
      run.advance(ms);
      return run.apply({ type: 'tick' });
    },
    types: () => typesOf(events),
    asks: (...calls) => run.hears('tool-calls', calls),
    finishes: () => run.hears('stop', []),
    hears(finishReason, calls) {
      run.apply({ type: 'begin_turn' });
      const result = { type: 'answered' as const, messageRef: ref('m'), finishReason, calls: [...calls], usage: USAGE };
      return run.apply({ type: 'model_settled', result });
    },
    decides(key, decision, change = {}) {
      const pending = run.approval(key);
      const decisionId = change.decisionId ?? `decision-${++given}`;
      const shown = change.digest ?? pending?.digest ?? digest('none');
      return run.apply({
        type: 'decide',
        given: {
          command: {
            type: 'decide',
            runId: RUN_ID,
            approvalId: idOf(key),
            revision: change.revision ?? pending?.revision ?? 1,
            decisionId,
            decision,
            ...(shown !== 'none' && { digest: shown }),
            ...(change.reason && { reasonRef: ref('reason') }),
            ...(change.edited && { edited: change.edited }),
            ...(change.response && { responseRef: ref('response') }),
            ...(change.statePaths && { stateEdits: { ref: ref('state'), paths: change.statePaths } }),
            ...(change.grantId !== undefined && { grantId: change.grantId }),
          },
          ...signed(decisionId, change),
        },
      });
    },
    dispatches: (toolCallId) => run.apply({ type: 'dispatch', toolCallId }),
    settles: (toolCallId, result = { type: 'completed', resultRef: ref('r') }) =>
      run.apply({ type: 'tool_settled', toolCallId, result }),
    extends(key, decideBy, change = {}) {
      const commandId = change.commandId ?? `command-${++given}`;
      const revision = change.revision ?? run.approval(key)?.revision ?? 1;
      const command = { type: 'extend', runId: RUN_ID, commandId, approvalId: idOf(key), revision, decideBy } as const;
      return run.apply({ type: 'extend', given: { command, ...signed(commandId, change) } });
    },
    blocks(change = {}) {
      const commandId = change.commandId ?? `command-${++given}`;
      const command = { type: 'block', runId: RUN_ID, commandId, reasonRef: ref('stop') } as const;
      return run.apply({ type: 'block', given: { command, ...signed(commandId, change) } });
    },
    unblocks(change = {}) {
      const commandId = change.commandId ?? `command-${++given}`;
      const command = { type: 'unblock', runId: RUN_ID, commandId, noteRef: ref('note') } as const;
      return run.apply({ type: 'unblock', given: { command, ...signed(commandId, change) } });
    },
    messages(change = {}) {
      const commandId = change.commandId ?? `command-${++given}`;
      const command = { type: 'message', runId: RUN_ID, commandId, textRef: ref('hello') } as const;
      return run.apply({ type: 'message', given: { command, ...signed(commandId, change) } });
    },
    resolves(toolCallId, resolution, { actor, channel, attestedAt, signatureId, ...change } = {}) {
      const commandId = change.commandId ?? `command-${++given}`;
      const parked = run.call(toolCallId);
      const command: ResolveCommand = {
        type: 'resolve',
        runId: RUN_ID,
        commandId,
        toolCallId,
        effectKey: effectKey(RUN_ID, toolCallId, parked?.revision ?? 1),
        digest: parked?.digest ?? digest('none'),
        epoch: parked?.unknownEpoch ?? 0,
        resolution,
        reasonRef: ref('reason'),
        ...(resolution === 'mark_done' && { resultRef: ref('done') }),
        ...change,
      };
      const by = {
        ...(actor && { actor }),
        ...(channel && { channel }),
        ...(attestedAt !== undefined && { attestedAt }),
        ...(signatureId !== undefined && { signatureId }),
      };
      return run.apply({ type: 'resolve', given: { command, ...signed(commandId, by) } });
    },
    approval: (key) => state.approvals[idOf(key)],
    call: (toolCallId) => state.calls.find((one) => one.toolCallId === toolCallId),
  };
  run.apply({ type: 'start', inputRef: ref('input') });
  return run;
};
