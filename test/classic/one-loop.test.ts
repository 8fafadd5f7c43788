/**
 * One pure loop, two drivers: whatever a model asks for, as long as all of it is allowed or denied, a run tells the same
 * whether a workflow drives it or the request does.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import type { Execution } from '../../src/domain/schemas/agent.ts';
import { ToolError } from '../../src/adapters/tools/tool.ts';
import { readBlobs } from '../../src/store/blobs.ts';
import { readEvents } from '../../src/store/events.ts';
import { asksFor, asksForAll, rawText, recordingTool, says, scriptedModel } from '../../src/testing/index.ts';
import { defineAgent } from '../../src/adapters/agents/define-agent.ts';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { untilEnded } from '../support/until-ended.ts';
import { testWorld } from '../support/world.ts';

/** What the model of a run asks for, turn by turn: its input. */
type Plan = readonly (readonly string[])[];

const TOOLS = {
  free: recordingTool('free', { effect: 'none' }),
  once: recordingTool('once'),
  fails: recordingTool('fails', { run: () => Promise.reject(new ToolError('no_such_order', 'There is no order 7.')) }),
  denied: recordingTool('denied', { policy: [{ id: 'never', effect: 'deny', reason: 'Never.' }] }),
};
const CALLS: Readonly<Record<string, () => ReturnType<typeof asksFor>>> = {
  free: () => asksFor('free', { text: 'a' }),
  once: () => asksFor('once', { text: 'b' }),
  fails: () => asksFor('fails'),
  denied: () => asksFor('denied'),
  unknown: () => asksFor('no_such_tool'),
  malformed: () => asksFor('free', rawText('{"text":')),
  unfit: () => asksFor('free', { text: 7 }),
};

const planOf = (request: ModelRequest): Plan =>
  JSON.parse(request.messages.find(({ role }) => role === 'user')?.text ?? '[]') as Plan;
const planned = scriptedModel((request) => {
  const turn = planOf(request)[request.messages.filter(({ role }) => role === 'assistant').length];
  return turn ? asksForAll(turn.map((name) => CALLS[name]?.() ?? says(''))) : says('Done.');
});

const agentOf = (name: string, execution: Execution, turns?: number) =>
  defineAgent({
    name,
    execution,
    model: 'scripted/planned',
    instructions: 'Follow the plan.',
    tools: Object.values(TOOLS).map(({ tool }) => tool),
    policy: [{ id: 'freely', match: '*', effect: 'allow' }],
    scripts: { planned },
    limits: { ...(turns !== undefined && { maxTurns: turns }) },
    ...(turns !== undefined && { contract: { artifacts: [{ path: 'never.txt' }] } }),
  });

let world: World;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({
    agents: (['durable', 'classic'] as const).flatMap((execution) => [
      agentOf(execution, execution),
      agentOf(`${execution}-strict`, execution, 3),
    ]),
  });
  anna = await world.person('anna');
});
afterAll(() => world[Symbol.asyncDispose]());

/**
 * Ids, times and what is salted by the run differ; so does the agent's own definition, and how much the model is told of
 * people's consent.
 */
const OWN = new Set(['digest', 'fingerprint', 'factsRef', 'agentDigest', 'agent', 'inputTokens']);

/** With content in place of what refers to it. */
const normal = async (value: unknown, runId: string): Promise<unknown> => {
  if (typeof value === 'string') return value.replaceAll(runId, 'RUN');
  if (Array.isArray(value)) return Promise.all(value.map((one) => normal(one, runId)));
  if (typeof value !== 'object' || value === null) return value;
  if ('sha256' in value && 'bytes' in value) {
    const sha256 = String(value.sha256);
    return normal((await readBlobs(world.store, world.scope.tenant, [sha256])).get(sha256), runId);
  }
  const kept = Object.entries(value).filter(([key]) => !OWN.has(key));
  return Object.fromEntries(
    await Promise.all(kept.map(async ([key, one]) => [key, await normal(one, runId)] as const)),
  );
};

const OUTCOMES = new Set(['tool.completed', 'tool.failed']);
const callOf = (told: { readonly data: JsonValue }): string =>
  String((told.data as { readonly toolCallId?: unknown }).toolCallId);

/** Calls that ran side by side may end in any order: theirs is by their place in the message. */
const story = async (agent: string, plan: Plan) => {
  const run = await anna.startRun({ agent, input: JSON.stringify(plan) });
  const { status } = await untilEnded(run);
  const events = await readEvents(world.store, world.scope, run.runId, { after: 0, limit: 1_000 });
  const told = await Promise.all(
    events.map(async ({ type, origin, data }) => ({
      type,
      origin,
      data: (await normal(data, run.runId)) as JsonValue,
    })),
  );
  const sorted: typeof told = [];
  for (const event of told) {
    let at = sorted.length;
    if (OUTCOMES.has(event.type)) {
      for (let other = sorted[at - 1]; other && OUTCOMES.has(other.type) && callOf(other) > callOf(event);)
        other = sorted[--at - 1];
    }
    sorted.splice(at, 0, event);
  }
  return { status, told: sorted };
};

const plans = fc.array(fc.array(fc.constantFrom(...Object.keys(CALLS)), { minLength: 1, maxLength: 3 }), {
  maxLength: 4,
});

test(
  'S3.1 a workflow and a request drive the same loop: the same events, in the same order',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.constantFrom('', '-strict'), async (plan, strict) => {
        const [durable, classic] = await Promise.all([
          story(`durable${strict}`, plan),
          story(`classic${strict}`, plan),
        ]);
        expect(classic).toEqual(durable);
      }),
      {
        numRuns: 15,
        examples: [
          [
            [
              ['free', 'fails', 'denied'],
              ['once', 'unfit'],
            ],
            '',
          ],
          [[['once']], '-strict'],
        ],
      },
    );
  },
);
