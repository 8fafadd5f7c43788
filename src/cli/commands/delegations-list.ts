import type { Command } from 'commander';
import { firstItems } from '../all-pages.ts';
import { countArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { delegationTable } from '../show/delegation.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly all?: boolean;
  readonly limit: number;
}

export const addDelegationsList = (delegations: Command, { terminal }: CliContext): Command =>
  withApiOptions(delegations.command('list'))
    .description('list who stands in for whom')
    .option('--all', 'those that are over, too')
    .option('--limit <count>', 'how many', countArgument, 20)
    .action(async ({ all, limit, ...options }: Options) => {
      const client = connect(options);
      const filter = all ? {} : { active: true };
      const page = await firstItems(limit, (query) => client.delegations.list({ ...filter, ...query }));
      if (options.json) return terminal.print(jsonText(page));
      if (page.data.length === 0) return terminal.print(all ? 'No delegations.' : 'Nobody stands in for anybody.');
      terminal.print(delegationTable(terminal, page.data));
      if (page.nextCursor !== null) terminal.note(`There are more: --limit ${limit * 5} shows them.`);
    });
