/**
 * Agents for processes that are killed. What they do happens outside the system, in files that the run's input names,
 * so that it can be counted whoever dies: see ../outside.ts.
 */
import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { defineAgent } from '../../../src/adapters/agents/define-agent.ts';
import type { AgentSource } from '../../../src/adapters/agents/define-agent.ts';
import type { AgentsExport } from '../../../src/adapters/agents/load-agents.ts';
import type { ModelRequest } from '../../../src/adapters/models/model-port.ts';
import { subAgent } from '../../../src/adapters/tools/built-in/sub-agent.ts';
import { defineTool } from '../../../src/adapters/tools/tool.ts';
import { askUser } from '../../../src/adapters/tools/built-in/ask-user.ts';
import { asksFor, asksForAll, says, scriptedModel } from '../../../src/adapters/models/scripted-model.ts';
import type { ScriptedStep, ScriptedTurn } from '../../../src/adapters/models/scripted-model.ts';

/** The input of a run, as JSON, and the arguments of its tools. */
const OutsideCall = z.strictObject({
  /** Gets one line for each effect. */
  effectsFile: z.string(),
  /** Gets one line each time that the tool, or a thinking model, is entered. */
  entriesFile: z.string(),
  /** Where to stand still, or to take the process along, until the gate file is there. */
  hang: z.enum(['before', 'after', 'die_before', 'die_after', 'never']),
  gateFile: z.string(),
});
export type OutsideCall = z.infer<typeof OutsideCall>;

export interface OutsideEntry {
  readonly effectKey: string;
  readonly pid: number;
}

const GATE_POLL_MS = 20;

const note = (file: string, effectKey: string): Promise<void> => {
  const entry: OutsideEntry = { effectKey, pid: process.pid };
  return appendFile(file, `${JSON.stringify(entry)}\n`);
};

const untilOpen = async (gateFile: string, signal?: AbortSignal): Promise<void> => {
  while (!existsSync(gateFile)) await delay(GATE_POLL_MS, undefined, signal ? { signal } : {});
};

/** As a machine that loses power: nothing is flushed, nobody is told. */
const dieUnlessOpen = (gateFile: string): void => {
  if (!existsSync(gateFile)) process.kill(process.pid, 'SIGKILL');
};

const outsideTool = (name: string, effect: 'once' | 'idempotent') =>
  defineTool({
    name,
    description: 'Appends a line to a file outside the system.',
    input: OutsideCall,
    effect,
    async execute({ effectsFile, entriesFile, hang, gateFile }, { effectKey, signal }) {
      await note(entriesFile, effectKey);
      if (hang === 'die_before') dieUnlessOpen(gateFile);
      if (hang === 'before') await untilOpen(gateFile, signal);
      await note(effectsFile, effectKey);
      if (hang === 'die_after') dieUnlessOpen(gateFile);
      if (hang === 'after') await untilOpen(gateFile, signal);
      return { ok: true };
    },
  });

const callOf = (request: ModelRequest): OutsideCall =>
  OutsideCall.parse(JSON.parse(request.messages.find((message) => message.role === 'user')?.text ?? ''));

const send = outsideTool('send', 'once');
const sync = outsideTool('sync', 'idempotent');

/** Carried out by a worker of this queue, which the test itself is. */
export const TELLER_QUEUE = 'outside-teller';
const tell = defineTool({
  name: 'tell',
  description: 'Is carried out elsewhere.',
  input: z.strictObject({}),
  taskQueue: TELLER_QUEUE,
});

const outsideAgent = (name: string, script: readonly ScriptedStep[], more: Partial<AgentSource> = {}): AgentSource =>
  defineAgent({
    instructions: 'Follow the script.',
    tools: [send, sync],
    ...more,
    name,
    model: `scripted/${name}`,
    scripts: { [name]: scriptedModel(script) },
  });

const asksTo =
  (tool: string): ScriptedStep =>
  (request) =>
    asksFor(tool, callOf(request));
const freely = { id: 'freely', match: '*', effect: 'allow' } as const;
const soon = { id: 'soon', match: '*', effect: 'ask', decideWithin: '4s' } as const;

const QUESTION = asksFor('ask_user', { question: 'Anything else?' });
/** Calls that differ in nothing that matters outside. */
const sendsAs = (place: number, request: ModelRequest): ScriptedTurn => {
  const call = callOf(request);
  return asksFor('send', { ...call, gateFile: `${call.gateFile}.${place}` });
};

/** Hands its whole task on. */
const passesOn = (name: string, to: AgentSource): AgentSource =>
  outsideAgent(name, [(request) => asksFor(to.name, { input: JSON.stringify(callOf(request)) }), says('Passed on.')], {
    tools: [subAgent({ agent: to, description: 'Does it.' })],
  });

/** Asks for five calls and an answer at once, then for what a person wanted changed. */
const various = outsideAgent(
  'various',
  [
    (request) => asksForAll([...[0, 1, 2, 3, 4].map((place) => sendsAs(place, request)), QUESTION]),
    (request) => sendsAs(5, request),
    says('Sent.'),
  ],
  { tools: [send, askUser()] },
);

const sender = outsideAgent('sender', [asksTo('send'), says('Sent.')]);

const thinking: ScriptedStep = async (request) => {
  const { entriesFile, gateFile } = callOf(request);
  await note(entriesFile, 'model');
  await untilOpen(gateFile);
  return says('Thought.');
};

export const agents: AgentsExport = () => [
  /** Asks before it sends: its tool has an effect that must not happen twice. */
  sender,
  /** Three agents deep: each call of an agent asks, too. */
  passesOn('chief', passesOn('foreman', various)),
  /** As the sender, but people have little time. */
  outsideAgent('hasty', [asksTo('send'), says('Sent.')], { policy: [soon] }),
  /** Asks before it does what may be repeated under the same key. */
  outsideAgent('syncer', [asksTo('sync'), says('Synced.')]),
  /** Its model hangs. */
  outsideAgent('thinker', [thinking]),
  /** Without asking, within the request. */
  outsideAgent('quick-sender', [asksTo('send'), says('Sent.')], { policy: [freely], execution: 'classic' }),
  outsideAgent('quick-thinker', [thinking], { policy: [freely], execution: 'classic' }),
  /** Its tool is at work on another task queue. */
  outsideAgent('teller', [asksFor('tell', {}), says('Told.')], { tools: [tell], policy: [freely] }),
  /** Many turns, and so many events, without asking anybody. */
  outsideAgent('talker', [...Array<ScriptedStep>(12).fill(asksTo('send')), says('Said it all.')], {
    policy: [freely],
  }),
];
