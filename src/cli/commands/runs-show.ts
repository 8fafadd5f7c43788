import type { Command } from 'commander';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { loadRunScreen } from '../load-run-screen.ts';
import { jsonText } from '../show/json.ts';

export const addRunsShow = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('show'))
    .description('show one run: status, input, output, state, what it waits for and what parks it, its files')
    .argument('<run>', 'id of the run', runIdArgument)
    .action(async (runId: string, options: ApiOptions) => {
      const client = connect(options);
      const run = await client.runs.get(runId);
      if (options.json) return terminal.print(jsonText(run));
      terminal.print(await loadRunScreen(client, terminal, run));
    });
