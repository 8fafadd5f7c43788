import type { Command } from 'commander';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { commandedText } from '../show/commanded.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly idempotencyKey?: string;
}

export const addRunsMessage = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('message'))
    .description('say something to the agent: the model reads it at its next turn; decides nothing')
    .argument('<run>', 'id of the run', runIdArgument)
    .argument('<text>', 'what the model shall read')
    .option('--idempotency-key <key>', 'repeats with the same key have one effect')
    .action(async (runId: string, text: string, { idempotencyKey, ...options }: Options) => {
      const run = await connect(options).runs.message(runId, { text }, { idempotencyKey });
      terminal.print(options.json ? jsonText(run) : commandedText(terminal, run, 'has the message'));
    });
