import type { Command } from 'commander';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { commandedText } from '../show/commanded.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly note?: string;
  readonly idempotencyKey?: string;
}

export const addRunsUnblock = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('unblock'))
    .description('let a blocked run go on; calls that are parked need `runs resolve`')
    .argument('<run>', 'id of the run', runIdArgument)
    .option('--note <text>', 'what the agent should know: the model reads it')
    .option('--idempotency-key <key>', 'repeats with the same key have one effect')
    .action(async (runId: string, { note, idempotencyKey, ...options }: Options) => {
      const run = await connect(options).runs.unblock(runId, note === undefined ? {} : { note }, { idempotencyKey });
      terminal.print(options.json ? jsonText(run) : commandedText(terminal, run, 'is unblocked'));
    });
