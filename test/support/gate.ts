/** The gate on a real store, without a workflow: what somebody with access to Temporal could schedule. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createActivities } from '../../src/activities/index.ts';
import { agentDefinition, agentDigest } from '../../src/adapters/agents/define-agent.ts';
import type { AgentSource } from '../../src/adapters/agents/define-agent.ts';
import { compilePolicy } from '../../src/domain/policy/compile.ts';
import { evaluatePolicy } from '../../src/domain/policy/evaluate.ts';
import { consentDigest } from '../../src/domain/consent/consent-digest.ts';
import type { JsonValue } from '../../src/domain/arguments/canonical-json.ts';
import { approvalId, runIdFromBytes } from '../../src/domain/core/ids.ts';
import type { Actor } from '../../src/domain/schemas/actor.ts';
import type { DecideCommand, SignedCommand, StartCommand } from '../../src/domain/schemas/command.ts';
import type { RunToolInput, RunToolOutput } from '../../src/domain/schemas/step.ts';
import { createCommandSigner } from '../../src/gateway/sign-command.ts';
import type { SigningContext } from '../../src/gateway/sign-command.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { createSigningKeys, trustedKeys } from '../../src/platform/signing-keys.ts';
import { makeBlob, putBlobs } from '../../src/store/blobs.ts';
import { openStore } from '../../src/store/database.ts';
import type { Store } from '../../src/store/database.ts';
import { createRun } from '../../src/store/run-rows.ts';
import { stepDependencies, registerAgents } from '../../src/worker/step-dependencies.ts';
import { person } from './core.ts';
import { createTestDatabase } from './database.ts';

const SCOPE = { tenant: 'acme', project: 'web' };
const NO_PROVIDERS = { apiKey: undefined, baseUrl: undefined };

export interface GateRun {
  readonly runId: string;
  readonly start: StartCommand;
  /** A call as the model step would have judged it, with its content in the store. */
  judged(tool: string, args: JsonValue, index?: number): Promise<RunToolInput>;
  /** A decision on that call, signed by the bridge unless a signer is given. */
  consent(
    input: RunToolInput,
    change?: Partial<DecideCommand>,
    context?: Partial<SigningContext>,
  ): Promise<SignedCommand>;
}

export interface Gate extends AsyncDisposable {
  readonly store: Store;
  nowMs: number;
  run(options?: { readonly requester?: string }): Promise<GateRun>;
  /** What the worker would do with this step. */
  dispatch(
    input: RunToolInput,
    options?: { readonly agents?: readonly AgentSource[] },
  ): Promise<RunToolOutput['result']>;
}

export const openGate = async (agent: AgentSource): Promise<Gate> => {
  const database = await createTestDatabase();
  const store = openStore({ url: database.url });
  const workspacesRoot = await mkdtemp(join(tmpdir(), 'countersign-gate-'));
  const keys = await createSigningKeys(Date.now());
  const signer = await createCommandSigner(keys);
  const definition = agentDefinition(agent, []);
  const policy = compilePolicy(definition.policy);
  if (!policy.ok) throw new Error('The policy must compile.');
  await registerAgents(store, SCOPE, [agent], []);
  const gate = { nowMs: Date.now() };
  const activitiesOf = (agents: readonly AgentSource[]) =>
    createActivities(
      stepDependencies({
        store,
        clock: { nowMs: async () => gate.nowMs },
        logger: createLogger({ level: 'silent', service: 'gate' }),
        trust: trustedKeys(keys),
        agents,
        models: { openai: NO_PROVIDERS, anthropic: NO_PROVIDERS, compatible: NO_PROVIDERS },
        workspacesRoot,
        forbidden: [],
      }),
    );
  const activities = activitiesOf([agent]);
  const contextOf = (actor: Actor): SigningContext => ({
    ...SCOPE,
    actor,
    authTime: gate.nowMs,
    channel: 'api',
    nowMs: gate.nowMs,
  });

  return Object.assign(gate, {
    store,
    async run({ requester = 'rita' } = {}): Promise<GateRun> {
      const begin = makeBlob({ text: 'Begin.' });
      const start: StartCommand = {
        type: 'start',
        ...SCOPE,
        runId: runIdFromBytes(randomBytes(17)),
        agent: agent.name,
        agentDigest: agentDigest(definition),
        policyDigest: definition.policyDigest,
        requester: { principal: requester, groups: [] },
        inputRef: begin.ref,
        salt: randomBytes(16).toString('hex'),
      };
      const { runId } = start;
      await createRun(
        store,
        {
          ...SCOPE,
          runId,
          rootRunId: runId,
          agent: agent.name,
          agentDigest: start.agentDigest,
          policyDigest: start.policyDigest,
          requester,
          requesterGroups: [],
          inputRef: begin.ref,
          conversationId: null,
          labels: {},
          idempotencyKey: null,
          requestDigest: `sha256:${'0'.repeat(64)}`,
          startCommand: await signer.sign(start, contextOf(person(requester))),
          createdAt: gate.nowMs,
        },
        [begin],
      );
      return {
        runId,
        start,
        async judged(name, args, index = 0) {
          const tool = definition.tools.find((one) => one.name === name);
          if (!tool) throw new Error(`No tool ${name}.`);
          const usage = { inputTokens: 0, outputTokens: 0, turns: 0, toolCalls: 0 };
          const facts = { turn: 1, startedAt: new Date(gate.nowMs).toISOString(), usage };
          const verdict = evaluatePolicy(policy.compiled, {
            args,
            tool: { name, source: tool.source, effect: tool.effect },
            run: { agent: agent.name, depth: 0, turn: 1, startedAt: facts.startedAt },
            requester: start.requester,
            usage,
          });
          const toolCallId = `call_1_${index}`;
          const digest = consentDigest({
            start,
            rootRunId: runId,
            path: [agent.name],
            toolCallId,
            revision: 1,
            tool,
            credentialRef: null,
            arguments: args,
            verdict: { ruleId: verdict.ruleId, approverRules: [...verdict.approverRules] },
          });
          const [argsBlob, factsBlob] = [makeBlob(args), makeBlob(facts)];
          await putBlobs(store, SCOPE.tenant, [argsBlob, factsBlob]);
          return {
            run: { ...SCOPE, runId, rootRunId: runId, agentDigest: start.agentDigest },
            events: [],
            turn: 1,
            toolCallId,
            tool: name,
            revision: 1,
            basis: verdict.effect === 'allow' ? 'rule' : 'consent',
            argumentsRef: argsBlob.ref,
            factsRef: factsBlob.ref,
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
      };
    },
    async dispatch(input: RunToolInput, options: { readonly agents?: readonly AgentSource[] } = {}) {
      const { runTool } = options.agents ? activitiesOf(options.agents) : activities;
      const { result }: RunToolOutput = await new MockActivityEnvironment().run(runTool, input);
      return result;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      await database.drop();
      await rm(workspacesRoot, { recursive: true, force: true });
    },
  });
};
