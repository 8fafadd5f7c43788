import type { Command } from 'commander';
import { runIdArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { commandedText } from '../show/commanded.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly reason: string;
  readonly idempotencyKey?: string;
}

export const addRunsBlock = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('block'))
    .description('park a run: nothing new of it starts until somebody unblocks it')
    .argument('<run>', 'id of the run', runIdArgument)
    .requiredOption('--reason <text>', 'why; kept with the run')
    .option('--idempotency-key <key>', 'repeats with the same key have one effect')
    .action(async (runId: string, { reason, idempotencyKey, ...options }: Options) => {
      const run = await connect(options).runs.block(runId, { reason }, { idempotencyKey });
      if (options.json) return terminal.print(jsonText(run));
      terminal.print(commandedText(terminal, run, 'is blocked'));
      terminal.print(`To let it go on: ${COMMAND} runs unblock ${runId}`);
    });
