/** One agent execution. The core decides; this file waits and performs. */
import {
  CancellationScope,
  continueAsNew,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Action } from '../domain/core/next.ts';
import { isFinished } from '../domain/core/run-status.ts';
import { hasWorkInFlight, isBlocked, newRunState } from '../domain/core/state.ts';
import type { RunState } from '../domain/core/state.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import { openRun } from './live-run.ts';
import type { LiveRun } from './live-run.ts';
import { registerHandlers } from './handlers.ts';
import type { AgentRunInput, RunStatusView } from './messages.ts';
import { perform } from './perform.ts';
import { startOf } from './start.ts';
import { hasEventsToStore, openSteps, storeEvents } from './steps.ts';
import type { StepPort } from './step-port.ts';
import type { Steps } from './steps.ts';
import { parentTeller } from './tell-parent.ts';
import { openTemporalSteps } from './temporal-steps.ts';
import { detailsView, statusView } from './views.ts';

export async function agentRun(input: AgentRunInput): Promise<RunStatusView> {
  const start = startOf(input.start, workflowInfo().workflowId);
  // Whoever put words into a parent has put them into its sub-runs.
  const contributors = input.contributors ?? start.contributors;
  const fresh = { state: newRunState(start.identity, input.limits, contributors), nextOrdinal: 1, evidence: {} };
  const run = openRun(input.carry ?? fresh);
  registerHandlers(run, input);
  // Temporal's own cancel counts as `cancel`: the run ends in order, nothing is cut off.
  CancellationScope.current().cancelRequested.catch(() => run.apply({ type: 'cancel', channel: 'temporal' }));
  if (!input.carry) run.apply({ type: 'start', ...start.input });
  if (!input.carry && input.blockedAbove) run.apply({ type: 'block_above' });
  const tell = start.input.parent && parentTeller(run, start.input.parent, input.carry !== undefined);
  return CancellationScope.nonCancellable(() => drive(run, input, tell));
}

async function drive(run: LiveRun, input: AgentRunInput, tellParent?: () => void): Promise<RunStatusView> {
  const port = openTemporalSteps(run, input);
  const steps = openSteps(run, input, port);
  const showStatus = statusShower(input);
  const blockBelow = cascade(run, steps);
  for (;;) {
    const seen = run.version;
    if (isBetweenTurns(run.state) && isLong()) await rollOver(run, input, port);
    const actions = perform(run, steps);
    // No promise where there is nothing to wait for: each one costs a stack trace in the sandbox.
    if (hasEventsToStore(run)) await storeEvents(run, port);
    showStatus(run);
    tellParent?.();
    blockBelow();
    const isQuiet = run.version === seen && run.isStored;
    if (isQuiet && isFinished(run.state.status)) return statusView(run.state);
    // Signals alone can fill a history while people are waited for.
    if (isQuiet && workflowInfo().continueAsNewSuggested && !hasWorkInFlight(run.state))
      await rollOver(run, input, port);
    if (run.version === seen) await nextEvent(run, actions);
    run.apply({ type: 'tick' });
  }
}

/**
 * Events after which a run goes on in a new execution, about 45 turns: well before the server suggests it (4,096), so
 * that a worker which takes a run over replays it in well under a second.
 */
const LONG_HISTORY_EVENTS = 1_000;

const isLong = (): boolean => {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= LONG_HISTORY_EVENTS;
};

/** Between turns nobody is asked anything: no decision can cross the change of executions. */
const isBetweenTurns = (state: RunState): boolean =>
  state.phase === 'idle' && state.turn > 0 && !state.cancel && !isFinished(state.status);

/** Goes on in a new execution once everything is stored, unless something came in meanwhile. */
async function rollOver(run: LiveRun, input: AgentRunInput, port: StepPort): Promise<void> {
  if (hasEventsToStore(run)) await storeEvents(run, port);
  if (run.isStored) await continueAsNew<typeof agentRun>({ ...input, carry: run.carry() });
}

/**
 * Waits until something happens, or until the earliest deadline: one timer, however many approvals are open. A promise
 * that the handlers settle, in place of the SDK's `condition`, which costs a call into the sandbox for each look.
 */
function nextEvent(run: LiveRun, actions: readonly Action[]): Promise<unknown> {
  const until = actions.find((action) => action.type === 'wait')?.until;
  if (until === undefined) return run.nextEvent();
  const summary = run.state.phase === 'idle' ? 'the model is asked again' : 'an approval expires';
  return CancellationScope.cancellable(async () => {
    const timer = sleep(Math.max(1, until - Date.now()), { summary });
    try {
      await Promise.race([timer, run.nextEvent()]);
    } finally {
      CancellationScope.current().cancel();
    }
  });
}

/** Whatever a blocked run has called is blocked with it: at once, or when it begins. */
function cascade(run: LiveRun, steps: Steps): () => void {
  let wasBlocked = isBlocked(run.state);
  return () => {
    const blocked = isBlocked(run.state);
    if (blocked && !wasBlocked) steps.blockBelow();
    wasBlocked = blocked;
  };
}

/**
 * The status as a search attribute. That a suspended run moves on is shown with the step after the tools that a decision
 * let go: an upsert beside their dispatch would hold them up (docs/decisions, status attribute).
 */
function statusShower(input: AgentRunInput): (run: LiveRun) => void {
  let shown: RunStatus = input.carry?.state.status ?? 'running';
  return ({ state }) => {
    setCurrentDetails(detailsView(state));
    if (state.status === shown || !input.searchAttributes) return;
    // What an agent has been called for may take days: no step follows soon.
    const hasTool = state.calls.some(({ status, role }) => status === 'running' && role !== 'agent');
    const letsToolsRun = shown === 'suspended' && state.status === 'running' && hasTool;
    if (input.statusFollowsTools && letsToolsRun) return;
    shown = state.status;
    upsertSearchAttributes([{ key: { name: 'CountersignStatus', type: 'KEYWORD' }, value: shown }]);
  };
}
