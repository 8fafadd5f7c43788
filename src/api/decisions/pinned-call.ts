/** The call that an approval asks for, with all that it is judged by: pinned when the run started, recorded since. */
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import { argumentsChecker } from '../../domain/arguments/answer-schema.ts';
import type { CallContext } from '../../domain/consent/judge-call.ts';
import { limitTool } from '../../domain/consent/limit-request.ts';
import { compilePolicy } from '../../domain/policy/compile.ts';
import type { CompiledLayer } from '../../domain/policy/compile.ts';
import type { AgentDefinition, ToolDefinition } from '../../domain/schemas/agent.ts';
import { RecordedFacts } from '../../domain/schemas/content.ts';
import type { ApprovalRow } from '../../store/approvals.ts';
import { readBlobs } from '../../store/blobs.ts';
import { getDefinition } from '../../store/definitions.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import { asActing } from '../runs/acting-agent.ts';
import { startOf } from '../runs/run-projection.ts';

const MAX_POLICIES = 200;
const MAX_SCHEMAS = 500;
/** By policy digest: whatever the digest names compiles to the same. */
const policies = new LRUCache<string, readonly CompiledLayer[]>({ max: MAX_POLICIES });
/** By the digest of the tool's definition, which covers its schema. */
const checkers = new LRUCache<string, { readonly schema: z.ZodType | undefined }>({ max: MAX_SCHEMAS });

/** Of the agent that asks for the approval. */
const actingFor = (api: Api, run: RunRow, { path }: ApprovalRow): Promise<RunRow> =>
  asActing(api.store, run, path.at(-1));

const pinnedDefinition = async (api: Api, run: RunRow): Promise<AgentDefinition> => {
  const definition = await getDefinition(api.store, run, run.agentDigest);
  if (!definition) throw new Error(`The definition of run ${run.runId} is not in the store`);
  return definition;
};

/** Undefined where the run has pinned no such tool. */
export async function pinnedTool(api: Api, run: RunRow, approval: ApprovalRow): Promise<ToolDefinition | undefined> {
  const { tools } = await pinnedDefinition(api, await actingFor(api, run, approval));
  return tools.find(({ name }) => name === approval.tool) ?? limitTool(approval.tool);
}

function policyOf({ policy, policyDigest }: AgentDefinition): readonly CompiledLayer[] {
  const known = policies.get(policyDigest);
  if (known) return known;
  const result = compilePolicy(policy);
  if (!result.ok) throw new Error(`The pinned policy ${policyDigest} does not compile`);
  policies.set(policyDigest, result.compiled);
  return result.compiled;
}

/** Undefined where the tool's schema says more than can be checked here: then nothing passes. */
export function checkerOf(tool: ToolDefinition): z.ZodType | undefined {
  const known = checkers.get(tool.definitionDigest);
  if (known) return known.schema;
  const schema = argumentsChecker(tool);
  checkers.set(tool.definitionDigest, { schema });
  return schema;
}

/** Undefined where the record of the call is incomplete: it can then be approved or rejected, but not judged anew. */
export async function callContext(api: Api, run: RunRow, approval: ApprovalRow): Promise<CallContext | undefined> {
  const { factsRef } = approval;
  const acting = await actingFor(api, run, approval);
  const [definition, contents] = await Promise.all([
    pinnedDefinition(api, acting),
    factsRef ? readBlobs(api.store, run.tenant, [factsRef.sha256]) : undefined,
  ]);
  const tool = definition.tools.find(({ name }) => name === approval.tool) ?? limitTool(approval.tool);
  const facts = RecordedFacts.safeParse(factsRef && contents?.get(factsRef.sha256)).data;
  if (!tool || !facts) return undefined;
  const { rootRunId, path, toolCallId } = approval;
  const { agent, agentDigest, policyDigest } = acting;
  const start = { ...startOf(run), agent, agentDigest, policyDigest };
  return { start, rootRunId, path, policy: policyOf(definition), tool, toolCallId, facts };
}
