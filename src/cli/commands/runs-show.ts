import type { Command } from 'commander';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { runScreen } from '../show/run.ts';

export const addRunsShow = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('show'))
    .description('show one run: status, input, output, what it waits for, its files')
    .argument('<run>', 'id of the run', runIdArgument)
    .action(async (runId: string, options: ApiOptions) => {
      const client = connect(options);
      const run = await client.runs.get(runId);
      if (options.json) return terminal.print(jsonText(run));
      const [pending, artifacts] = await Promise.all([
        client.approvals.listOfRun(runId, { status: 'pending', limit: 100 }),
        client.artifacts.list(runId),
      ]);
      terminal.print(runScreen(terminal, { run, pending: pending.data, artifacts }, Date.now()));
    });
