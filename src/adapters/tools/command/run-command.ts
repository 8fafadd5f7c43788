/** Runs programs in the run's workspace: those on its list, without a shell unless its author says so. Always asks. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { JsonValue } from '../../../domain/arguments/json-value.ts';
import { childEnvironment } from '../../../platform/environment/child-environment.ts';
import { startPiped } from '../../../platform/piped-child.ts';
import { ToolError, defineTool } from '../tool.ts';
import type { Tool, ToolContext, ToolRule } from '../tool.ts';
import { commandSettings } from './command-options.ts';
import type { CommandSettings, CommandToolOptions } from './command-options.ts';
import { OutputTail } from './output-tail.ts';

const SOURCE = 'command';
const MAX_ARGUMENTS = 200;
const MAX_TEXT_LENGTH = 65_536;
/** From its time limit to the answer: asking it to stop, killing it, reading what it has printed. */
const STOPPING_MS = 10_000;

/** The deployment has to allow these. */
export const runsPrograms = (tool: Pick<Tool, 'source'>): boolean => tool.source === SOURCE;

/** The strictest effect of all layers counts, and a rule that is silent about grants allows none: nobody relaxes it. */
const alwaysAsks = (name: string): ToolRule => ({
  id: `${name.toLowerCase()}-asks`,
  effect: 'ask',
  risk: 'high',
  reason: 'It runs a program on the machine of the worker.',
});

const plainText = z
  .string()
  .max(MAX_TEXT_LENGTH)
  .refine((text) => !text.includes('\0'), 'must not hold NUL');

const inputOf = ({ programs, shell }: CommandSettings) => {
  const stdin = plainText.optional().describe('What the program reads from its standard input');
  if (shell) return z.strictObject({ command: plainText.min(1).describe('Run by /bin/sh -c'), stdin });
  return z.strictObject({
    program: z.enum(programs),
    arguments: z.array(plainText).max(MAX_ARGUMENTS).default([]).describe('Handed over as they are, without a shell'),
    stdin,
  });
};

interface Command {
  readonly command?: string;
  readonly program?: string;
  readonly arguments?: readonly string[];
  readonly stdin?: string;
}

/** Of our own environment what is harmless and what the author names; the user's own settings are not read. */
const environmentOf = ({ environment }: CommandSettings, home: string): Record<string, string> => {
  const inherited = childEnvironment(environment);
  const path = (inherited['PATH'] ?? '/usr/local/bin:/usr/bin:/bin').split(':').filter(isAbsolute).join(':');
  return { ...inherited, PATH: path, HOME: home };
};

async function run(settings: CommandSettings, given: Command, context: ToolContext): Promise<JsonValue> {
  const { workspace, signal, credential } = context;
  const { credentialVariable } = settings;
  signal.throwIfAborted();
  const directory = await workspace.directory();
  const child = startPiped({
    ...(given.program === undefined
      ? { command: '/bin/sh', arguments: ['-c', given.command ?? ''] }
      : { command: given.program, arguments: given.arguments ?? [] }),
    environment: {
      ...environmentOf(settings, directory),
      ...(credentialVariable !== undefined && credential !== undefined && { [credentialVariable]: credential }),
    },
    directory,
  });
  const [stdout, stderr] = [child.stdout, child.stderr].map((one) => new OutputTail(one, settings.maxOutputBytes));
  const deadline = AbortSignal.timeout(settings.timeoutMs);
  const stop = AbortSignal.any([signal, deadline]);
  const stopChild = (): void => void child.stop();
  stop.addEventListener('abort', stopChild, { once: true });
  try {
    child.stdin.end(given.stdin ?? '');
    const exit = await child.exited;
    // Asked to stop: what it had done by then, nobody knows.
    signal.throwIfAborted();
    if ('error' in exit)
      throw new ToolError('not_started', 'The program could not be started: it may not be installed.');
    return {
      exitCode: exit.code,
      signal: exit.signal,
      timedOut: deadline.aborted,
      stdout: stdout?.result ?? null,
      stderr: stderr?.result ?? null,
    };
  } finally {
    stop.removeEventListener('abort', stopChild);
  }
}

export const commandTool = (options: CommandToolOptions): Tool => {
  const settings = commandSettings(options);
  const { name, programs, shell, timeoutMs, maxOutputBytes } = settings;
  const what = shell ? 'a command by /bin/sh' : `one of these programs: ${programs.join(', ')}`;
  const tool = defineTool({
    name,
    description:
      `Runs ${what}, in the workspace of this run. Gives its exit code and the last ${maxOutputBytes} bytes of what it ` +
      `printed. It is stopped after ${timeoutMs / 1_000} seconds.`,
    input: inputOf(settings),
    effect: 'once',
    timeoutMs: timeoutMs + STOPPING_MS,
    annotations: { readOnlyHint: false, destructiveHint: true, openWorldHint: true },
    ...(settings.credential !== undefined && { credential: settings.credential }),
    policy: [alwaysAsks(name), ...(options.policy ?? [])],
    execute: (args, context) => run(settings, args as Command, context),
  });
  return Object.freeze({ ...tool, source: SOURCE });
};
