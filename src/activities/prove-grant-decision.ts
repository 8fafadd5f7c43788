/** A grant that a decision made holds where that decision had the whole consent that its call needed. */
import type { GrantCommand } from '../domain/schemas/command.ts';
import { DecideCommand } from '../domain/schemas/command.ts';
import { approvalId, parseApprovalId } from '../domain/core/ids.ts';
import { verifyCommand } from '../domain/core/attestation.ts';
import { digestOfCall } from '../domain/consent/judge-call.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { RecordedFacts } from '../domain/schemas/content.ts';
import { verifySignature } from '../platform/verify-signature.ts';
import { getApproval } from '../store/approvals.ts';
import { readBlobs } from '../store/blobs.ts';
import { readCommands } from '../store/commands.ts';
import { voteFault } from './count-votes.ts';
import type { Prover } from './prover.ts';
import { verifyVote } from './verified-votes.ts';
import type { Vote } from './verified-votes.ts';

export type DecidedGrant = GrantCommand & { readonly runId: string };

const decisionIn = (bytes: string): DecideCommand | undefined => {
  try {
    return DecideCommand.safeParse(JSON.parse(bytes)).data;
  } catch {
    return undefined;
  }
};

/** Undefined where the grant's decision was consent. */
export const grantDecisionFault = async (
  { dependencies, pinnedRuns }: Prover,
  scope: Scope,
  grant: DecidedGrant,
  grantor: string,
): Promise<string | undefined> => {
  const { store, trust } = dependencies;
  const { runId, grantId } = grant;
  const address = { ...scope, runId };
  const commands = await readCommands(store, scope, runId);
  const decisions = commands.flatMap(({ signed }) => {
    const decision = decisionIn(signed.bytes);
    return decision ? [{ signed, decision }] : [];
  });
  const making = decisions.find(({ decision, signed }) => {
    const attested = verifyCommand(signed, { ...trust, verify: verifySignature }, address);
    return decision.grantId === grantId && attested.ok && attested.claims.actor.principal === grantor;
  })?.decision;
  const key = making && parseApprovalId(making.approvalId);
  if (!making || key?.runId !== runId) return 'grant_without_decision';
  const approval = await getApproval(store, scope, approvalId(runId, key.key));
  // As the agent that asked.
  const transfers = approval?.transfers;
  const granting = await pinnedRuns.load({ ...address, ...(transfers && { transfers }) });
  const { start, rootRunId, path } = granting;
  const tool = granting.definition.tools.find(({ name }) => name === grant.tool);
  if (!approval?.factsRef || !tool || approval.tool !== tool.name) return 'grant_without_decision';
  const { argumentsRef, factsRef, verdict, toolCallId, revision, contributors, editor, escalated } = approval;
  const content = await readBlobs(store, start.tenant, [argumentsRef.sha256, factsRef.sha256]);
  const args = content.get(argumentsRef.sha256);
  const facts = RecordedFacts.safeParse(content.get(factsRef.sha256)).data;
  if (args === undefined || !facts || revision !== making.revision) return 'grant_without_decision';
  const context = { start, rootRunId, path, policy: granting.policy, tool, toolCallId, facts };
  // What everybody signed names these arguments and approvers: a changed row has another digest.
  const digest = digestOfCall(context, { arguments: args, revision, verdict });
  const votes = decisions.flatMap(({ signed, decision }): Vote[] => {
    if (decision.decision !== 'approve' || decision.digest !== digest) return [];
    const verified = verifyVote(trust, start, { toolCallId, revision }, signed);
    return verified.ok ? [verified.vote] : [];
  });
  const request = {
    contributors: [...(contributors ?? []), ...(start.contributors ?? [])],
    ...(editor !== undefined && { editor }),
    ...(escalated !== undefined && { escalated }),
  };
  const fault = voteFault(verdict, request, start.requester.principal, votes);
  return fault && `grant_${fault}`;
};
