import { Option } from 'commander';
import type { Command } from 'commander';
import type { ListRunsQuery } from '../../contract/runs.ts';
import { RunStatus } from '../../domain/schemas/run.ts';
import { firstItems } from '../all-pages.ts';
import { countArgument, runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { runTable } from '../show/run.ts';

interface Options extends ApiOptions {
  readonly status?: RunStatus;
  readonly tree?: string;
  readonly agent?: string;
  readonly requester?: string;
  readonly conversation?: string;
  readonly label?: string;
  readonly limit: number;
}

export const addRunsList = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('list'))
    .description('list runs, newest first')
    .addOption(new Option('--status <status>', 'only those in this status').choices(RunStatus.options))
    .option('--agent <name>', 'only those of this agent')
    .option('--requester <principal>', 'only those that act for this person or service')
    .option('--conversation <id>', 'only those of this conversation')
    .option('--label <name=value>', 'only those with this label')
    .option('--tree <run>', 'the runs of one tree: a root run, and those that its agents have called', runIdArgument)
    .option('--limit <count>', 'how many', countArgument, 20)
    .action(async (options: Options) => {
      const client = connect(options);
      const { status, tree: rootRunId, agent, requester, conversation: conversationId, label, limit } = options;
      const filters = Object.fromEntries(
        Object.entries({ status, rootRunId, agent, requester, conversationId, label }).filter(
          ([, value]) => value !== undefined,
        ),
      ) as ListRunsQuery;
      const page = await firstItems(limit, (query) => client.runs.list({ ...filters, ...query }));
      if (options.json) return terminal.print(jsonText(page));
      if (page.data.length === 0) return terminal.print('No runs.');
      terminal.print(runTable(terminal, page.data, Date.now()));
      if (page.nextCursor !== null) terminal.note(`There are more: --limit ${limit * 5} shows them.`);
    });
