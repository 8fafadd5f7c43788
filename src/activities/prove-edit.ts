/**
 * Whether an edit gave consent by itself: the call that the person was shown is found again by its digest, and what they
 * made of it is judged as bridge and workflow judged it.
 */
import { rulesOf } from '../domain/core/approver-rules.ts';
import { editOutcome } from '../domain/core/edit-outcome.ts';
import { digestOfCall, judgeArguments } from '../domain/consent/judge-call.ts';
import { tightenVerdict } from '../domain/consent/tighten-verdict.ts';
import type { Verdict } from '../domain/schemas/approval.ts';
import { RunEvent } from '../domain/schemas/event.ts';
import type { BlobRef } from '../domain/schemas/names.ts';
import type { ApprovalRow } from '../store/approvals.ts';
import { readBlobs } from '../store/blobs.ts';
import { readTranscriptEvents } from '../store/events.ts';
import { voteFault } from './count-votes.ts';
import type { Request } from './count-votes.ts';
import type { StepDependencies } from './dependencies.ts';
import { currentOpinion } from './subject.ts';
import type { Subject } from './subject.ts';
import type { Vote } from './verified-votes.ts';

/** The arguments as the model gave them, by the message that asked. */
const askedFor = async ({ store }: StepDependencies, { run, input }: Subject): Promise<BlobRef | undefined> => {
  const events = await readTranscriptEvents(store, run.start, run.start.runId, { afterSeq: 0 });
  for (const { type, at, data } of events.toReversed()) {
    if (type !== 'message.completed') continue;
    const message = RunEvent.parse({ type, at, data });
    if (message.type !== 'message.completed') continue;
    const call = message.data.calls.find((one) => one.toolCallId === input.toolCallId);
    if (call) return call.argumentsRef;
  }
  return undefined;
};

/** What the person was shown, by the digest that they signed beside their edit. */
const shownVerdict = async (
  { store }: StepDependencies,
  { context, today, input }: Subject,
  approval: ApprovalRow,
  refs: readonly BlobRef[],
  shown: string,
): Promise<Verdict | undefined> => {
  const content = await readBlobs(
    store,
    context.start.tenant,
    refs.map((ref) => ref.sha256),
  );
  for (const args of content.values()) {
    const before = judgeArguments(context, args);
    const { ruleId, approverRules } = approval.verdict;
    const verdicts = [
      before,
      // As the policy of today, or of the time in between, asked for it.
      tightenVerdict(before, currentOpinion(today, context, args)),
      { ...before, effect: 'ask' as const, ruleId, approverRules },
    ];
    const found = verdicts.find(
      (verdict) => digestOfCall(context, { arguments: args, revision: input.revision, verdict }) === shown,
    );
    if (found) return found;
  }
  return undefined;
};

export const editFault = async (
  dependencies: StepDependencies,
  subject: Subject,
  approval: ApprovalRow,
  request: Request,
  vote: Vote,
): Promise<string | undefined> => {
  const { digest: shown } = vote.command;
  if (shown === undefined) return 'edit_of_nothing';
  const { argumentsRef, previousArgumentsRef } = approval;
  const recorded = [argumentsRef, ...(previousArgumentsRef ? [previousArgumentsRef] : [])];
  const find = (refs: readonly BlobRef[]) => shownVerdict(dependencies, subject, approval, refs, shown);
  let before = await find(recorded);
  // The row has the edited arguments once the decision is stored.
  if (!before) {
    const first = await askedFor(dependencies, subject);
    before = first && (await find([first]));
  }
  if (!before) return 'edit_of_another_call';
  if (editOutcome(before, subject.pinned, rulesOf({ ...request, verdict: before })) !== 'approved')
    return 'edit_needs_others';
  return voteFault(before, request, subject.run.start.requester.principal, [vote]);
};
