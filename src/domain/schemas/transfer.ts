/** Another agent goes on with a run: who, and what proves that it may. */
import { z } from 'zod';
import { Basis } from './basis.ts';
import { AgentName, BlobRef, Digest, ToolCallId } from './names.ts';

/** A call as whoever acts on it proves it again: why it may run, and what that is proven with. */
export const CallProof = z.strictObject({
  toolCallId: ToolCallId,
  revision: z.number().int().positive(),
  basis: Basis,
  argumentsRef: BlobRef,
  factsRef: BlobRef,
  grantId: z.string().optional(),
});
export type CallProof = z.infer<typeof CallProof>;

/** By a call of the agent before, or since that one was done and the next of its sequence follows. */
export const Transfer = z.union([CallProof, z.strictObject({ sequence: z.literal(true) })]);
export type Transfer = z.infer<typeof Transfer>;

/** The agent that acts in a run, under the rules of the deployment that the run has pinned. */
export const ActingAgent = z.object({ agent: AgentName, agentDigest: Digest, policyDigest: Digest });
export type ActingAgent = z.infer<typeof ActingAgent>;
