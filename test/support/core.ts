/** Builders for tests of the pure core: a run in memory, driven by commands. */
import { decide } from '../../src/domain/core/decide.ts';
import type { CoreCommand } from '../../src/domain/core/decide.ts';
import { newRunState } from '../../src/domain/core/state.ts';
import type { RunState } from '../../src/domain/core/state.ts';
import { RunLimits } from '../../src/domain/schemas/agent.ts';
import type { Actor } from '../../src/domain/schemas/actor.ts';
import type { ApproverRule, DecisionKind, Verdict } from '../../src/domain/schemas/approval.ts';
import type { JudgedCall, RunEvent } from '../../src/domain/schemas/event.ts';
import { RunEvent as RunEventSchema } from '../../src/domain/schemas/event.ts';

export const RUN_ID = 'run_aaaaaaaaaaaaaaaaaaaaaaaaaa';
export const ref = (name: string) => ({
  sha256: Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64),
  bytes: 10,
});
export const digest = (name: string) => `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`;

const DEFAULT_APPROVERS: ApproverRule = { approvals: 1, rejections: 1, notRequester: false, reasonRequired: false };

export const verdict = (effect: Verdict['effect'], change: Partial<Verdict> = {}): Verdict => ({
  effect,
  ruleId: 'rule-1',
  layer: 'agent',
  reason: 'because',
  risk: 'medium',
  allowedDecisions: ['approve', 'reject'],
  approverRules: effect === 'ask' ? [DEFAULT_APPROVERS] : [],
  decideWithinMs: 86_400_000,
  executeWithinMs: 3_600_000,
  onExpire: 'deny',
  ...change,
});

export const call = (turn: number, index: number, given: Verdict): JudgedCall => ({
  toolCallId: `call_${turn}_${index}`,
  tool: 'write_file',
  argumentsRef: ref(`a${turn}${index}`),
  factsRef: ref(`f${turn}`),
  digest: digest(`${turn}-${index}`),
  verdict: given,
  effect: 'once',
});

export const person = (principal: string, groups: string[] = []): Actor => ({
  principal,
  kind: 'person',
  groups,
  credentialId: `key-${principal}`,
});

export interface CoreRun {
  readonly state: RunState;
  readonly events: RunEvent[];
  /** Applies a command and gives the events it led to, each checked against its schema. */
  apply(command: CoreCommand): RunEvent[];
  advance(ms: number): void;
  readonly now: number;
  types(): string[];
  asks(...calls: JudgedCall[]): RunEvent[];
  decides(key: string, decision: DecisionKind, change?: DecisionChange): RunEvent[];
}

export interface DecisionChange {
  readonly actor?: Actor;
  readonly decisionId?: string;
  readonly digest?: string;
  readonly revision?: number;
  readonly attestedAt?: number;
  readonly reason?: boolean;
  readonly signatureId?: string;
}

export const coreRun = (limits: Partial<RunLimits> = {}): CoreRun => {
  let state = newRunState(
    {
      tenant: 'acme',
      project: 'web',
      runId: RUN_ID,
      rootRunId: RUN_ID,
      path: ['helper'],
      agent: 'helper',
      agentDigest: digest('agent'),
      policyDigest: digest('policy'),
      requester: { principal: 'rita', groups: [] },
    },
    RunLimits.parse(limits),
  );
  let now = 1_000_000;
  let decisions = 0;
  const events: RunEvent[] = [];
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
    types: () => events.map((event) => event.type),
    asks(...calls) {
      run.apply({ type: 'begin_turn' });
      const usage = { inputTokens: 10, outputTokens: 5 };
      const result = { type: 'answered', messageRef: ref('m'), finishReason: 'tool-calls', calls, usage } as const;
      return run.apply({ type: 'model_settled', result });
    },
    decides(key, decision, change = {}) {
      const approvalId = `tool-approval:${RUN_ID}:${key}`;
      const pending = state.approvals[approvalId];
      const decisionId = change.decisionId ?? `decision-${++decisions}`;
      return run.apply({
        type: 'decide',
        given: {
          command: {
            type: 'decide',
            runId: RUN_ID,
            approvalId,
            revision: change.revision ?? pending?.revision ?? 1,
            decisionId,
            decision,
            digest: change.digest ?? pending?.digest ?? digest('none'),
            ...(change.reason && { reasonRef: ref('reason') }),
          },
          actor: change.actor ?? person('anna'),
          channel: 'api',
          attestedAt: change.attestedAt ?? now,
          signatureId: change.signatureId ?? `jti-${decisionId}`,
        },
      });
    },
  };
  run.apply({ type: 'start', inputRef: ref('input') });
  return run;
};
