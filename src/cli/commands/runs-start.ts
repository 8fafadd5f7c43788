import type { Command } from 'commander';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { collect, jsonArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { EXIT, CliError } from '../exit-codes.ts';
import { followAndPrint } from '../follow-run.ts';
import { exitCodeOf } from '../exit-code-of-run.ts';
import { listenForInterruption } from '../interruption.ts';
import { readJsonFile } from '../read-json-file.ts';
import { guardLines } from '../show/guards.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly conversation?: string;
  readonly replace?: boolean;
  readonly label: readonly string[];
  readonly variable: readonly string[];
  readonly timezone?: string;
  readonly idempotencyKey?: string;
  readonly state?: JsonValue;
  readonly stateFile?: string;
  readonly watch?: boolean;
}

export const addRunsStart = (runs: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(runs.command('start'))
    .description('start a run of an agent')
    .argument('<agent>', 'name of the agent')
    .argument('<input>', 'what it is asked to do')
    .option('--conversation <id>', 'group runs; at most one of a conversation is unfinished')
    .option('--replace', 'take the place of the unfinished run of the conversation, which is cancelled')
    .option('--label <name=value>', 'to find the run by; may be repeated', collect, [])
    .option('--variable <name=value>', "a value of the agent's variables; may be repeated", collect, [])
    .option('--timezone <name>', 'in which the agent is told date and time of the start, like Europe/Zurich')
    .option('--state <json>', 'an object that its tools read, and that decisions may edit', jsonArgument)
    .option('--state-file <file>', 'the same from a file; - is the standard input')
    .option('--idempotency-key <key>', 'repeats with the same key have one effect')
    .option('--watch', 'follow it until it ends')
    .action(async (agent: string, input: string, options: Options) => {
      const state = await stateOf(options);
      const client = connect(options);
      const labels = Object.fromEntries(options.label.map((label) => pairOf('label', label)));
      const variables = Object.fromEntries(options.variable.map((one) => pairOf('variable', one)));
      const run = await client.runs.start(
        {
          agent,
          input,
          ...(options.conversation !== undefined && { conversationId: options.conversation }),
          ...(options.replace && { replace: true }),
          ...(state && { state }),
          ...(options.label.length > 0 && { labels }),
          ...(options.variable.length > 0 && { variables }),
          ...(options.timezone !== undefined && { timezone: options.timezone }),
        },
        { idempotencyKey: options.idempotencyKey },
      );
      if (!options.watch) {
        if (options.json) return terminal.print(jsonText(run));
        terminal.print([`Run ${run.runId} has started.`, ...guardLines(terminal, run.guards)].join('\n'));
        return terminal.print(`Follow it: ${COMMAND} runs watch ${run.runId}`);
      }
      const { signal } = listenForInterruption();
      end(exitCodeOf(await followAndPrint(client, terminal, run.runId, { signal, json: options.json })));
    });

async function stateOf({ state, stateFile }: Options): Promise<Record<string, JsonValue> | undefined> {
  if (state === undefined && stateFile === undefined) return undefined;
  const value = stateFile === undefined ? state : await readJsonFile(stateFile);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || (state !== undefined && stateFile !== undefined)) {
    throw new CliError(EXIT.usage, 'The state is one JSON object: of --state or of --state-file.');
  }
  return value as Record<string, JsonValue>;
}

const pairOf = (what: string, pair: string): [string, string] => {
  const at = pair.indexOf('=');
  if (at < 1) throw new CliError(EXIT.usage, `A ${what} is name=value.`);
  return [pair.slice(0, at), pair.slice(at + 1)];
};
