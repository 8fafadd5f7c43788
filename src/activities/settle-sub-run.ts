/** The end of a sub-run becomes the outcome of the call that it carried out. */
import { ApplicationFailure } from '@temporalio/activity';
import { effectKey, subRunId } from '../domain/core/ids.ts';
import { MessageContent } from '../domain/schemas/content.ts';
import type { Usage } from '../domain/schemas/run.ts';
import type { ReachedLimit, SettleSubRunInput, SettleSubRunOutput } from '../domain/schemas/step.ts';
import { putBlobs, readBlobs } from '../store/blobs.ts';
import { appendEvents } from '../store/events.ts';
import { getRun } from '../store/run-rows.ts';
import type { RunRow } from '../store/run-rows.ts';
import { readUsage } from '../store/usage.ts';
import { admitDispatch } from './admit.ts';
import { checkBudget } from './check-budget.ts';
import type { StepDependencies } from './dependencies.ts';
import { completed, failed } from './execute-tool.ts';
import type { Executed } from './execute-tool.ts';
import { admitDriver } from './load-run.ts';
import type { PinnedRuns } from './pinned-run.ts';
import { recordedFacts } from './recorded-facts.ts';
import { storeRideAlong } from './ride-along.ts';
import { settle } from './settle.ts';

/** Its workflow has ended: its row follows at once, or with the next pass of the reconciler. */
const UNFINISHED_RETRY = '1s';

const outputOf = async ({ store }: StepDependencies, { tenant, outputRef }: RunRow): Promise<Executed> => {
  if (!outputRef) return completed({ output: '' });
  const content = await readBlobs(store, tenant, [outputRef.sha256]);
  const message = MessageContent.safeParse(content.get(outputRef.sha256)).data;
  return message ? completed({ output: message.text }) : failed('content_missing', 'What the agent said is gone.');
};

const outcomeOf = async (dependencies: StepDependencies, row: RunRow): Promise<Executed> => {
  switch (row.status) {
    case 'completed':
      return outputOf(dependencies, row);
    case 'cancelled':
      return failed('sub_run_cancelled', 'The run of the agent was cancelled before it was done.');
    default: {
      const { code = 'unknown', detail = '' } = row.failure ?? {};
      return failed('sub_run_failed', `The agent failed (${code}). ${detail}`.trim());
    }
  }
};

/** Nobody will ever start it: it ends where it stands. */
const endUnstarted = async ({ store, clock }: StepDependencies, { run, subRun }: SettleSubRunInput): Promise<void> => {
  const { tenant, project, rootRunId } = run;
  const event = { type: 'run.cancelled', at: await clock.nowMs(), data: { channel: 'system' } } as const;
  await appendEvents(store, {
    tenant,
    project,
    rootRunId,
    runId: subRun.runId,
    origin: 'parent:1',
    events: [{ ordinal: 1, event }],
    onlyIfUnfinished: true,
  });
};

/** Whoever calls agents pays for them: once one has ended, what it used is held against its caller's budget. */
const budgetAfter = async (
  { store }: StepDependencies,
  pinnedRuns: PinnedRuns,
  { run, turn, spent }: SettleSubRunInput,
  usage: Usage,
): Promise<ReachedLimit | undefined> => {
  if (!spent) return undefined;
  const state = { turn, ...spent };
  const checked = checkBudget(await pinnedRuns.load(run), state, recordedFacts(state), usage);
  if (checked) await putBlobs(store, run.tenant, checked.blobs);
  return checked?.limit;
};

export const settleSubRun =
  (dependencies: StepDependencies, pinnedRuns: PinnedRuns) =>
  async (input: SettleSubRunInput): Promise<SettleSubRunOutput> => {
    const { store } = dependencies;
    await admitDispatch(dependencies, input);
    await admitDriver(dependencies, pinnedRuns, input);
    const { run, toolCallId, revision, subRun } = input;
    const { tenant, project, rootRunId, runId: parentRunId } = run;
    const { runId, epoch, nonce } = subRun;
    if (runId !== subRunId(rootRunId, parentRunId, toolCallId))
      throw ApplicationFailure.nonRetryable('This is not the sub-run of that call.', 'unknown_run');
    const { acknowledged } = await storeRideAlong(store, input);
    if (input.neverStarted) await endUnstarted(dependencies, input);
    const row = await getRun(store, { tenant, project }, runId);
    if (!row) throw ApplicationFailure.nonRetryable('The store has no row of this sub-run.', 'unknown_run');
    if (row.endedAt === null) {
      throw ApplicationFailure.create({
        message: 'The sub-run has not ended yet.',
        type: 'sub_run_unfinished',
        nonRetryable: false,
        category: 'BENIGN',
        nextRetryDelay: UNFINISHED_RETRY,
      });
    }
    const attempt = { tenant, effectKey: effectKey(parentRunId, toolCallId, revision), epoch, nonce };
    const result = await settle(dependencies, input, attempt, await outcomeOf(dependencies, row));
    const usage = await readUsage(store, { tenant, project }, { rootRunId, runId });
    const limit = await budgetAfter(dependencies, pinnedRuns, input, usage);
    return { acknowledged, result, usage, ...(limit && { limit }) };
  };
