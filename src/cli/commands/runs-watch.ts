import type { Command } from 'commander';
import { runIdArgument, sequenceArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { exitCodeOf } from '../exit-code-of-run.ts';
import { followAndPrint } from '../follow-run.ts';
import { listenForInterruption } from '../interruption.ts';
import { showCommand } from '../show/decide-commands.ts';
import { status as statusText } from '../show/status.ts';

interface Options extends ApiOptions {
  readonly after?: number;
}

export const addRunsWatch = (runs: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(runs.command('watch'))
    .description('follow the events of a run until it ends; 0 only where it completed')
    .argument('<run>', 'id of the run', runIdArgument)
    .option('--after <event>', 'only events with a higher number', sequenceArgument)
    .action(async (runId: string, options: Options) => {
      const client = connect(options);
      const { signal } = listenForInterruption();
      const hint = async (key: unknown) => {
        if (!options.json) terminal.note(`Look at it: ${showCommand({ runId, key: String(key) })}`);
      };
      const status = await followAndPrint(client, terminal, runId, {
        after: options.after,
        signal,
        json: options.json,
        onEvent: async ({ type, data }) => {
          const { approval } = data;
          if (type !== 'approval.requested' || typeof approval !== 'object' || approval === null) return;
          const { data: open } = await client.approvals.listOfRun(runId, { status: 'pending', limit: 100 }, { signal });
          if ('key' in approval && open.some(({ key }) => key === approval.key)) await hint(approval.key);
        },
      });
      if (status !== undefined && !options.json) terminal.print(`The run is over: ${statusText(terminal, status)}.`);
      end(exitCodeOf(status));
    });
