// A run that obeys: commands are judged by the core as in the workflow, and what it says is stored. No worker, no model.
import type { RunDetail } from '../../src/contract/runs.ts';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import { attestationOf } from '../../src/domain/core/attestation.ts';
import { decide } from '../../src/domain/core/decide.ts';
import type { CoreCommand } from '../../src/domain/core/decide.ts';
import { digestOf } from '../../src/domain/core/digest.ts';
import { evolve } from '../../src/domain/core/evolve.ts';
import { effectKey } from '../../src/domain/core/ids.ts';
import { newRunState } from '../../src/domain/core/state.ts';
import type { RunState } from '../../src/domain/core/state.ts';
import { AgentDefinition, RunLimits } from '../../src/domain/schemas/agent.ts';
import type { Verdict } from '../../src/domain/schemas/approval.ts';
import { Command, CommandClaims, StartCommand } from '../../src/domain/schemas/command.ts';
import type { SignedCommand } from '../../src/domain/schemas/command.ts';
import type { RunEvent } from '../../src/domain/schemas/event.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { getRun } from '../../src/store/run-rows.ts';
import { createApiWorld, scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { agentDigestOf, testDefinition } from './definition.ts';
import { scriptedRun } from './run-script.ts';
import type { ScriptedRun } from './run-script.ts';

/** Refunds, and names the tool that undoes it. */
export const PAYMENTS = 'payments';
export const TOOL_TIMEOUT_MS = 600_000;

const tool = (name: string, more: object = {}) => ({
  name,
  source: 'function',
  description: `Does ${name}.`,
  inputSchema: { type: 'object' },
  effect: 'once',
  timeoutMs: TOOL_TIMEOUT_MS,
  definitionDigest: digestOf(name),
  ...more,
});

/** A world where the agent is known, with an operator (`otto`) and a requester (`rita`). */
export async function createPaymentsWorld(): Promise<{ world: ApiWorld; operator: string; requester: string }> {
  const world = await createApiWorld();
  await putPayments(world);
  const { key: operator } = await world.newKey({ principal: 'otto', roles: ['operator'] });
  const { key: requester } = await world.newKey({ principal: 'rita', roles: ['requester'] });
  return { world, operator, requester };
}

export async function putPayments(world: ApiWorld, changes: object = {}): Promise<AgentDefinition> {
  const definition = AgentDefinition.parse({
    ...testDefinition(),
    name: PAYMENTS,
    tools: [
      tool('refund', { compensation: 'take_back' }),
      tool('take_back'),
      tool('ask_user', { source: 'countersign', role: 'question' }),
    ],
    ...changes,
  });
  await putDefinition(world.store, scope, definition, agentDigestOf(definition));
  return definition;
}

export interface ObedientRun extends ScriptedRun {
  readonly state: () => RunState;
  /** The core handles it, and the store has what came of it. */
  does(command: CoreCommand): Promise<void>;
  /** A call that the policy allows is dispatched. */
  callsRefund(args?: JsonValue): Promise<{ readonly effectKey: string; readonly digest: string }>;
  get(key?: string): Promise<RunDetail>;
}

const ALLOWED: Verdict = {
  effect: 'allow',
  ruleId: 'small',
  layer: 'agent',
  reason: 'Small.',
  risk: 'low',
  allowedDecisions: [],
  approverRules: [],
  decideWithinMs: 3_600_000,
  executeWithinMs: 600_000,
  onExpire: 'deny',
};

const runs = new WeakMap<ApiWorld, Map<string, (signed: SignedCommand) => Promise<void>>>();

/** Every command that the API sends to one of the runs is obeyed from now on. */
function obedienceOf(world: ApiWorld): Map<string, (signed: SignedCommand) => Promise<void>> {
  const known = runs.get(world);
  if (known) return known;
  const made = new Map<string, (signed: SignedCommand) => Promise<void>>();
  runs.set(world, made);
  world.gateway.onCommand = async ({ runId }, _name, signed) => {
    await made.get(runId)?.(signed);
    return 'accepted' as const;
  };
  return made;
}

export async function obedientRun(world: ApiWorld, key?: string): Promise<ObedientRun> {
  const scripted = await scriptedRun(world, key, PAYMENTS);
  const { runId, happens, keeps } = scripted;
  const row = await getRun(world.store, scope, runId);
  if (!row) throw new Error('no run');
  const start = StartCommand.parse(JSON.parse(row.startCommand.bytes));
  const { agent, agentDigest, policyDigest, requester, inputRef, stateRef } = start;
  const identity = { ...scope, runId, rootRunId: runId, path: [agent], agent, agentDigest, policyDigest, requester };
  let state = newRunState(identity, RunLimits.parse({}));
  const tells = async (events: readonly RunEvent[]) => {
    if (events.length > 0) await happens(...events);
  };
  const does: ObedientRun['does'] = async (command) => {
    const step = decide(state, command, Date.now());
    ({ state } = step);
    await tells(step.events);
  };
  obedienceOf(world).set(runId, async ({ bytes, jws }) => {
    const [, payload = ''] = jws.split('.');
    const claims = CommandClaims.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')));
    const command = Command.parse(JSON.parse(bytes));
    await does({ type: command.type, given: { ...attestationOf(claims), command } } as CoreCommand);
  });
  await does({ type: 'start', inputRef, ...(stateRef && { stateRef }) });
  return {
    ...scripted,
    happens: async (...events) => {
      state = events.reduce(evolve, state);
      await tells(events);
    },
    state: () => state,
    does,
    async callsRefund(args = { order: 7, amount: 12.5 }) {
      await does({ type: 'begin_turn' });
      const toolCallId = `call_${state.turn}_0`;
      const digest = digestOf(JSON.stringify([runId, toolCallId, args]));
      const call = {
        toolCallId,
        tool: 'refund',
        argumentsRef: await keeps(args),
        factsRef: await keeps({}),
        digest,
        verdict: ALLOWED,
        effect: 'once' as const,
        timeoutMs: TOOL_TIMEOUT_MS,
      };
      const messageRef = await keeps({ text: '', calls: [] });
      const usage = { inputTokens: 1, outputTokens: 1 };
      await does({
        type: 'model_settled',
        result: { type: 'answered', messageRef, finishReason: 'tool_calls', calls: [call], usage },
      });
      await does({ type: 'dispatch', toolCallId });
      return { effectKey: effectKey(runId, toolCallId, 1), digest };
    },
    get: async (as) =>
      (await world.call<RunDetail>('GET', `/v1/runs/${runId}`, as === undefined ? {} : { key: as })).body,
  };
}
