/** A run as the bridge would have started it, with whatever somebody might schedule for it; no workflow of its own. */
import { randomBytes } from 'node:crypto';
import type { JsonValue } from '../../src/domain/arguments/canonical-json.ts';
import { digestOfCall, judgeArguments } from '../../src/domain/consent/judge-call.ts';
import type { CallContext } from '../../src/domain/consent/judge-call.ts';
import { WORKFLOW_ORIGIN, approvalId, runIdFromBytes } from '../../src/domain/core/ids.ts';
import { openApproval } from '../../src/domain/core/open-approval.ts';
import { newRunState } from '../../src/domain/core/state.ts';
import { compilePolicy } from '../../src/domain/policy/compile.ts';
import type { Actor } from '../../src/domain/schemas/actor.ts';
import type { AgentDefinition } from '../../src/domain/schemas/agent.ts';
import type { Approval, Verdict } from '../../src/domain/schemas/approval.ts';
import type { Command, DecideCommand, SignedCommand, StartCommand } from '../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import type { RunToolInput } from '../../src/domain/schemas/step.ts';
import { agentDigest } from '../../src/adapters/agents/define-agent.ts';
import type { CommandSigner, SigningContext } from '../../src/gateway/sign-command.ts';
import { readAudit } from '../../src/store/audit-events.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { appendEvents } from '../../src/store/events.ts';
import { createRun } from '../../src/store/run-rows.ts';
import { person } from './core.ts';

const SCOPE = { tenant: 'acme', project: 'web' };

export interface JudgedOptions {
  /** Of the approval that is asked for. */
  readonly approval?: Partial<Approval>;
  readonly verdict?: Partial<Verdict>;
  readonly revision?: number;
  /** False: no approval is asked for, whatever the verdict. */
  readonly isAsked?: boolean;
}

export interface GateRun {
  readonly runId: string;
  readonly start: StartCommand;
  /** A call as the model step would have judged it, with its content and its approval in the store. */
  judged(tool: string, args: JsonValue, index?: number, options?: JudgedOptions): Promise<RunToolInput>;
  /** The digest that consent to these arguments of that call binds to. */
  digestOf(input: RunToolInput, args: JsonValue, revision?: number): { digest: string; verdict: Verdict };
  /** A decision on that call, signed by the bridge. */
  consent(
    input: RunToolInput,
    change?: Partial<DecideCommand>,
    context?: Partial<SigningContext>,
  ): Promise<SignedCommand>;
  /** By the bridge, unless another signer is given. */
  sign(command: Command, context?: Partial<SigningContext>, by?: CommandSigner): Promise<SignedCommand>;
  /** The definition's digest of a tool as it was pinned. */
  toolDigest(tool: string): string;
  /** Stores an event as the run's workflow would. */
  tell(event: RunEvent): Promise<void>;
}

export interface RunParts {
  readonly store: Store;
  readonly signer: CommandSigner;
  readonly definition: AgentDefinition;
  nowMs(): number;
}

export interface PrepareOptions {
  readonly requester?: string;
  readonly state?: JsonValue;
  readonly conversationId?: string;
  /** The process that drives it; without, a workflow does. */
  readonly drivenBy?: string;
  /** Signs the start command; the bridge unless another is given. */
  readonly startedBy?: CommandSigner;
}

export const prepareRun = async (parts: RunParts, options: PrepareOptions = {}): Promise<GateRun> => {
  const { store, signer, definition, nowMs } = parts;
  const { requester = 'rita', state, conversationId, startedBy = signer } = options;
  const compiled = compilePolicy(definition.policy);
  if (!compiled.ok) throw new Error('The policy must compile.');
  const policy = compiled.compiled;
  const contextOf = (actor: Actor): SigningContext => ({
    ...SCOPE,
    actor,
    authTime: nowMs(),
    channel: 'api',
    nowMs: nowMs(),
  });
  const begin = makeBlob({ text: 'Begin.' });
  const stateBlob = state === undefined ? undefined : makeBlob(state);
  const start: StartCommand = {
    type: 'start',
    ...SCOPE,
    runId: runIdFromBytes(randomBytes(17)),
    agent: definition.name,
    agentDigest: agentDigest(definition),
    policyDigest: definition.policyDigest,
    requester: { principal: requester, groups: [] },
    inputRef: begin.ref,
    salt: randomBytes(16).toString('hex'),
    ...(stateBlob && { stateRef: stateBlob.ref }),
    ...(conversationId !== undefined && { conversationId }),
  };
  const { runId } = start;
  await createRun(
    store,
    {
      ...SCOPE,
      runId,
      rootRunId: runId,
      agent: definition.name,
      agentDigest: start.agentDigest,
      policyDigest: start.policyDigest,
      requester,
      requesterGroups: [],
      inputRef: begin.ref,
      conversationId: conversationId ?? null,
      labels: {},
      idempotencyKey: null,
      drivenBy: options.drivenBy ?? null,
      requestDigest: `sha256:${'0'.repeat(64)}`,
      startCommand: await startedBy.sign(start, contextOf(person(requester))),
      createdAt: nowMs(),
    },
    [begin, ...(stateBlob ? [stateBlob] : [])],
  );
  const identity = { ...SCOPE, runId, rootRunId: runId, path: [definition.name], agent: definition.name };
  const { agentDigest: pinned, policyDigest } = start;
  const runState = newRunState(
    { ...identity, agentDigest: pinned, policyDigest, requester: start.requester },
    definition.limits,
  );
  let ordinal = 0;
  // One after the other, as a workflow would.
  let telling: Promise<unknown> = Promise.resolve();
  const append = async (event: RunEvent): Promise<void> => {
    const events = [{ ordinal: ordinal + 1, event }];
    await appendEvents(store, { ...SCOPE, rootRunId: runId, runId, origin: WORKFLOW_ORIGIN, events });
    ordinal += 1;
  };
  const tell = (event: RunEvent): Promise<void> => {
    const told = telling.then(() => append(event));
    telling = told.catch(() => undefined);
    return told;
  };
  const contextOfCall = (name: string, toolCallId: string): CallContext => {
    const tool = definition.tools.find((one) => one.name === name);
    if (!tool) throw new Error(`No tool ${name}.`);
    const usage = { inputTokens: 0, outputTokens: 0, turns: 0, toolCalls: 0 };
    const facts = { turn: 1, startedAt: new Date(started).toISOString(), usage };
    return { start, rootRunId: runId, path: [definition.name], policy, tool, toolCallId, facts };
  };
  const started = nowMs();
  return {
    runId,
    start,
    tell,
    digestOf({ tool, toolCallId, revision: asked }, args, revision = asked) {
      const context = contextOfCall(tool, toolCallId);
      const verdict = judgeArguments(context, args);
      return { digest: digestOfCall(context, { arguments: args, revision, verdict }), verdict };
    },
    async judged(name, args, index = 0, given = {}) {
      const { revision = 1, isAsked = true } = given;
      const toolCallId = `call_1_${index}`;
      const context = contextOfCall(name, toolCallId);
      const verdict = { ...judgeArguments(context, args), ...given.verdict };
      const digest = digestOfCall(context, { arguments: args, revision, verdict });
      const [argsBlob, factsBlob] = [makeBlob(args), makeBlob(context.facts)];
      await putBlobs(store, SCOPE.tenant, [argsBlob, factsBlob]);
      const refs = { argumentsRef: argsBlob.ref, factsRef: factsBlob.ref };
      if (verdict.effect === 'ask' && isAsked) {
        const call = { toolCallId, tool: name, ...refs };
        const event = openApproval(runState, call, { ...refs, verdict, digest, revision }, nowMs());
        if (event.type !== 'approval.requested') throw new Error('An approval is asked for.');
        await tell({ ...event, data: { approval: { ...event.data.approval, ...given.approval } } });
      }
      return {
        run: { ...SCOPE, runId, rootRunId: runId, agentDigest: start.agentDigest },
        events: [],
        turn: 1,
        toolCallId,
        tool: name,
        revision,
        basis: verdict.effect === 'allow' ? 'rule' : 'consent',
        ...refs,
        digest,
        evidence: [],
      };
    },
    consent: (input, change = {}, context = {}) =>
      signer.sign(
        {
          type: 'decide',
          runId,
          approvalId: approvalId(runId, input.toolCallId),
          revision: input.revision,
          decisionId: randomBytes(8).toString('hex'),
          decision: 'approve',
          digest: input.digest,
          ...change,
        },
        { ...contextOf(person('anna')), ...context },
      ),
    toolDigest: (name) => definition.tools.find((tool) => tool.name === name)?.definitionDigest ?? '',
    sign: (command, context = {}, by = signer) => by.sign(command, { ...contextOf(person('olga')), ...context }),
  };
};

/** Codes of the forgeries that the tenant's audit log tells of, in order. */
export const readRefusals = async (store: Store): Promise<readonly string[]> => {
  const events = await readAudit(store, SCOPE.tenant, { after: 0, limit: 1_000 });
  return events.flatMap(({ type, data }) =>
    type === 'gate.refused' ? [String((data as { readonly code?: unknown }).code)] : [],
  );
};
