/** Starts the run's steps and hands what they answer to the core, whichever driver has them performed. */
import { approvalId } from '../domain/core/ids.ts';
import type { CoreCommand } from '../domain/core/decide.ts';
import { hasWorkInFlight } from '../domain/core/state.ts';
import type { ReadyCall } from '../domain/core/state.ts';
import type {
  CallModelInput,
  RideAlong,
  RunToolInput,
  SettleSubRunInput,
  ToolStepResult,
} from '../domain/schemas/step.ts';
import type { LiveRun } from './live-run.ts';
import type { AgentRunInput } from './messages.ts';
import type { StepPort } from './step-port.ts';

export interface Steps {
  startModel(): void;
  startTool(call: ReadyCall): void;
  /** Asks everything that is out to stop. */
  stop(): void;
  /** Tells the sub-runs that are out that this run is blocked. */
  blockBelow(): void;
}

const factsOf = (run: LiveRun): CallModelInput['facts'] => {
  const { startedAt, toolCalls, usage } = run.state;
  return { startedAt, toolCalls, usage };
};

/** The events that ride along, and the task that tells them. */
const carriedBy = (run: LiveRun, port: StepPort): RideAlong => ({ ...run.rideAlong(), ...port.task() });

/** What a step does beside asking: reading, judging and storing what came. */
const MODEL_STEP_MARGIN_MS = 60_000;

/** The step itself keeps the limit; this one is for a step that hangs. Runs of before there was it have the default. */
const modelTimeoutMs = (limits: { readonly modelStepTimeoutMs?: number }): number =>
  (limits.modelStepTimeoutMs ?? 3_600_000) + MODEL_STEP_MARGIN_MS;

const budgetOf = ({ state }: LiveRun): CallModelInput['budget'] => {
  const allowed = state.budget ?? state.limits.budget;
  return allowed && { allowed, asked: state.limitsAsked ?? 0 };
};

/** For the budget of a run that has called an agent. */
const spentBy = (run: LiveRun): { readonly spent?: NonNullable<SettleSubRunInput['spent']> } => {
  const budget = budgetOf(run);
  return budget ? { spent: { facts: factsOf(run), budget } } : {};
};

export const openSteps = (run: LiveRun, { asksLedger }: Pick<AgentRunInput, 'asksLedger'>, port: StepPort): Steps => {
  const launch = (work: () => Promise<CoreCommand>): void => port.launch(work, run.apply);

  const model = async (): Promise<CoreCommand> => {
    const { turn, modelAttempt, identity } = run.state;
    const summary = `${identity.agent}, turn ${turn}`;
    try {
      const { revising, modelIndex, compactDue, limits } = run.state;
      const budget = budgetOf(run);
      const input = {
        ...carriedBy(run, port),
        turn,
        attempt: modelAttempt,
        facts: factsOf(run),
        ...(revising && { revising }),
        ...(modelIndex !== undefined && { modelIndex }),
        ...(budget && { budget }),
        ...(compactDue && { compact: compactDue }),
      };
      const answer = await port.callModel(input, { summary, timeoutMs: modelTimeoutMs(limits) });
      run.acknowledge(answer);
      return { type: 'model_settled', result: answer.result };
    } catch (error) {
      return { type: 'model_settled', result: { type: 'failed', retryable: false, ...port.failureOf(error) } };
    }
  };

  const dispatchOf = (call: ReadyCall): Omit<RunToolInput, keyof RideAlong> => {
    const { toolCallId, tool, revision, basis, argumentsRef, factsRef, digest, grantId } = call;
    const retry = run.retryFor(toolCallId);
    return {
      turn: run.state.turn,
      toolCallId,
      dispatch: run.version - 1,
      tool,
      revision,
      basis,
      argumentsRef,
      factsRef,
      digest,
      evidence: run.evidenceFor(approvalId(run.state.identity.runId, toolCallId)),
      ...(basis === 'grant' && grantId !== undefined && { grantId }),
      ...(retry && { retry }),
    };
  };

  const outcomeOf = async (error: unknown, dispatch: ReturnType<typeof dispatchOf>): Promise<ToolStepResult> => {
    const failure = port.failureOf(error);
    const wasStopped = failure.code === 'step_stopped';
    const parked: ToolStepResult = { type: 'refused', then: 'park', ...failure };
    if (!wasStopped && !asksLedger) return parked;
    try {
      // It may have been waiting for its next attempt, or have taken effect: the ledger knows.
      const answer = await port.readOutcome({ ...carriedBy(run, port), ...dispatch });
      run.acknowledge(answer);
      return answer.result.type === 'refused' && !wasStopped ? parked : answer.result;
    } catch {
      return parked;
    }
  };

  const tool = async (call: ReadyCall): Promise<CoreCommand> => {
    const { toolCallId } = call;
    const dispatch = dispatchOf(call);
    const summary = `${call.tool} (${toolCallId}, by ${call.basis})`;
    // The time of an agent is its sub-run's, which no step waits for.
    const timeoutMs = call.role === 'agent' ? undefined : call.timeoutMs;
    try {
      const input = { ...carriedBy(run, port), ...dispatch };
      const answer = await port.runTool(input, { summary, timeoutMs });
      run.acknowledge(answer);
      const { result } = answer;
      if (result.type !== 'sub_run') return { type: 'tool_settled', toolCallId, result };
      return await port.subRuns.follow(call, result, () => ({ ...carriedBy(run, port), ...dispatch, ...spentBy(run) }));
    } catch (error) {
      return { type: 'tool_settled', toolCallId, result: await outcomeOf(error, dispatch) };
    }
  };

  return {
    startModel: () => launch(model),
    startTool: (call) => launch(() => tool(call)),
    stop: port.stop,
    blockBelow: port.subRuns.block,
  };
};

/** Events that no step under way carries. */
export const hasEventsToStore = (run: LiveRun): boolean =>
  !run.isStored && (run.hasUnsentEvents || !hasWorkInFlight(run.state));

/** Puts every event into the store before anybody is asked to wait for it. */
export const storeEvents = async (run: LiveRun, port: StepPort): Promise<void> => {
  const answer = await port.flush(() => carriedBy(run, port));
  run.acknowledge(answer);
  if (answer.ended) run.endAs(answer.ended);
};
