import type { Command } from 'commander';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonText } from '../show/json.ts';
import { status } from '../show/status.ts';

interface Options extends ApiOptions {
  readonly reason?: string;
}

export const addRunsCancel = (runs: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(runs.command('cancel'))
    .description('cancel a run; what it waits for is withdrawn')
    .argument('<run>', 'id of the run', runIdArgument)
    .option('--reason <text>', 'kept with the run')
    .action(async (runId: string, options: Options) => {
      const client = connect(options);
      const request = options.reason === undefined ? {} : { reason: options.reason };
      const run = await client.runs.cancel(runId, request);
      if (!run.cancelled) end(EXIT.failed);
      if (options.json) return terminal.print(jsonText(run));
      if (run.status === 'cancelled') terminal.print(`Run ${runId} is cancelled.`);
      else if (run.cancelled) terminal.print(`Run ${runId} is being cancelled.`);
      else terminal.note(`Run ${runId} had ended before: it is ${status(terminal, run.status)}.`);
    });
