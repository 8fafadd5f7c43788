/** A proposed policy against the calls that runs of the project have made. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PolicyReplay, ReplayExample, ReplayPolicy } from '../../contract/policy.ts';
import { REPLAY_DEFAULT_CALLS } from '../../contract/policy.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { callFacts } from '../../domain/consent/judge-call.ts';
import type { CompiledLayer } from '../../domain/policy/compile.ts';
import type { Verdict } from '../../domain/policy/evaluate.ts';
import { startReplay } from '../../domain/policy/replay.ts';
import type { RecordedCall, ReplayedCall } from '../../domain/policy/replay.ts';
import { RecordedFacts } from '../../domain/schemas/content.ts';
import type { JudgedCall } from '../../domain/schemas/event.ts';
import type { Scope } from '../../domain/schemas/names.ts';
import { readBlobs } from '../../store/blobs.ts';
import { readRecordedTurns } from '../../store/recorded-calls.ts';
import type { RecordedTurn } from '../../store/recorded-calls.ts';
import type { Api } from '../dependencies.ts';
import type { CompiledDefinitions, PinnedPolicy } from './compiled-definitions.ts';
import { readProposedLayers, withProposed } from './proposed-layers.ts';

/** Turns whose content is read at once. */
const BATCH = 50;
/** Conditions may cost their full limit in every call: other requests wait no longer than one call takes. */
const TIME_BUDGET_MS = 10_000;
const EXAMPLE_MAX_CHARACTERS = 4_096;

interface Call extends RecordedCall {
  readonly layers: readonly CompiledLayer[];
}

/** Throws `invalid_policy`. */
export async function replayProposal(
  api: Api,
  definitions: CompiledDefinitions,
  scope: Scope,
  request: ReplayPolicy,
): Promise<PolicyReplay> {
  const { agent, tool, since, limit = REPLAY_DEFAULT_CALLS } = request;
  const proposed = readProposedLayers(api, request.layers).compiled;
  const afterOf = new Map<readonly CompiledLayer[], readonly CompiledLayer[]>();
  const replaying = startReplay<Call>(
    ({ layers }) => layers,
    ({ layers }) => {
      const known = afterOf.get(layers) ?? withProposed(layers, proposed);
      afterOf.set(layers, known);
      return known;
    },
  );
  const sinceMs = since === undefined ? 0 : Date.parse(since);
  const filter = { sinceMs, limit: limit + 1, ...(agent !== undefined && { agent }) };
  const turns = await readRecordedTurns(api.store, scope, filter);
  const startedMs = performance.now();
  let taken = 0;
  let skipped = 0;
  let isOver = false;
  for (let at = 0; at < turns.length && !isOver; at += BATCH) {
    const batch = await readCalls(api, definitions, scope, turns.slice(at, at + BATCH), tool);
    skipped += batch.skipped;
    for (const call of batch.calls) {
      isOver = taken >= limit || performance.now() - startedMs > TIME_BUDGET_MS;
      if (isOver) break;
      replaying.add(call);
      taken += 1;
      await nextTurn();
    }
  }
  const { examples, ...result } = replaying.result();
  const { stricter, laxer, different } = examples;
  return {
    ...result,
    tools: [...result.tools],
    examples: {
      stricter: stricter.map(exampleView),
      laxer: laxer.map(exampleView),
      different: different.map(exampleView),
    },
    skipped,
    truncated: isOver || turns.length > limit,
  };
}

interface ReadCalls {
  readonly calls: readonly Call[];
  readonly skipped: number;
}

async function readCalls(
  api: Api,
  definitions: CompiledDefinitions,
  scope: Scope,
  turns: readonly RecordedTurn[],
  tool: string | undefined,
): Promise<ReadCalls> {
  const wanted = turns.flatMap((turn) =>
    turn.calls
      .filter((call) => call.verdict !== undefined && (tool === undefined || call.tool === tool))
      .map((call) => ({ turn, call })),
  );
  const refs = wanted.flatMap(({ call }) => [call.argumentsRef, call.factsRef]).filter((ref) => ref !== undefined);
  const contents = await readBlobs(api.store, scope.tenant, [...new Set(refs.map(({ sha256 }) => sha256))]);
  const calls: Call[] = [];
  for (const { turn, call } of wanted) {
    const pinned = await definitions.get(scope, turn.agentDigest);
    const read = pinned && callOf(turn, call, pinned, contents);
    if (read) calls.push(read);
  }
  return { calls, skipped: wanted.length - calls.length };
}

function callOf(
  { runId, agent, path, requester }: RecordedTurn,
  call: JudgedCall,
  { definition, layers }: PinnedPolicy,
  contents: ReadonlyMap<string, JsonValue>,
): Call | undefined {
  const { toolCallId, argumentsRef, factsRef } = call;
  const args = argumentsRef && contents.get(argumentsRef.sha256);
  const facts = RecordedFacts.safeParse(factsRef && contents.get(factsRef.sha256));
  const tool = definition.tools.find((one) => one.name === call.tool);
  if (args === undefined || !facts.success || !tool) return undefined;
  const start = { agent, requester: { principal: requester.principal, groups: [...requester.groups] } };
  return { runId, toolCallId, layers, facts: callFacts({ start, path, tool, facts: facts.data }, args) };
}

function exampleView({ call, before, after }: ReplayedCall<Call>): ReplayExample {
  const { runId, toolCallId, facts } = call;
  const isShort = JSON.stringify(facts.args).length <= EXAMPLE_MAX_CHARACTERS;
  return {
    runId,
    toolCallId,
    tool: facts.tool.name,
    requester: facts.requester.principal,
    ...(isShort && { arguments: facts.args }),
    before: summaryOf(before),
    after: summaryOf(after),
  };
}

const summaryOf = ({ effect, ruleId, layer, reason, risk, approverRules }: Verdict) => ({
  ...{ effect, ruleId, layer, reason, risk },
  approvals: Math.max(0, ...approverRules.map((rule) => rule.approvals)),
});
