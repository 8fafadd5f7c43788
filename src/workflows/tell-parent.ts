/** A sub-run tells its parent when people are waited for in it, so that nobody takes a tree that stands still for busy. */
import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { workflowId } from '../domain/core/ids.ts';
import type { RunStatus } from '../domain/schemas/run.ts';
import type { LiveRun } from './live-run.ts';
import { subRunStatusSignal } from './messages.ts';

/**
 * Turns after which it says nothing more. The parent cannot continue as new while the sub-run is out: what is told is all
 * that grows its history.
 */
const MAX_TELLING_TURNS = 1_000;

/** Called once everything is stored: whoever looks below finds what is told. */
export const parentTeller = (
  run: LiveRun,
  parent: { readonly runId: string; readonly toolCallId: string },
  isContinued: boolean,
): (() => void) => {
  const { tenant, project } = run.state.identity;
  const above = getExternalWorkflowHandle(workflowId({ tenant, project, runId: parent.runId }));
  // Of one that goes on in a new execution nobody knows what it said last: it says it again.
  let told: RunStatus | undefined = isContinued ? undefined : 'running';
  return () => {
    const { status, turn } = run.state;
    const isNews = status !== told && ['running', 'suspended', 'needs_attention'].includes(status);
    if (!isNews || (turn > MAX_TELLING_TURNS && status !== 'running')) return;
    told = status;
    // A parent that has ended, or is gone, has no use for it.
    above.signal(subRunStatusSignal, parent.toolCallId, status).catch(() => undefined);
  };
};
