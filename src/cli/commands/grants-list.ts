import { Option } from 'commander';
import type { Command } from 'commander';
import type { GrantsQuery } from '../../client/index.ts';
import { firstItems } from '../all-pages.ts';
import { countArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { grantTable } from '../show/grant.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions, Omit<GrantsQuery, 'state'> {
  readonly state: NonNullable<GrantsQuery['state']> | 'any';
  readonly limit: number;
}

export const addGrantsList = (grants: Command, { terminal }: CliContext): Command =>
  withApiOptions(grants.command('list'))
    .description('list pre-approvals, with how much of them is used')
    .addOption(
      new Option('--state <state>', 'in this state').choices(['live', 'proposed', 'revoked', 'any']).default('live'),
    )
    .option('--agent <name>', 'only of this agent')
    .option('--requester <principal>', 'only for runs of this person or service')
    .option('--tool <name>', 'only calls of this tool')
    .option('--limit <count>', 'how many', countArgument, 20)
    .action(async ({ state, agent, requester, tool, limit, ...options }: Options) => {
      const client = connect(options);
      const filters = { agent, requester, tool, ...(state !== 'any' && { state }) };
      const page = await firstItems(limit, (query) => client.grants.list({ ...filters, ...query }));
      if (options.json) return terminal.print(jsonText(page));
      if (page.data.length === 0) return terminal.print('No grants.');
      terminal.print(grantTable(terminal, page.data, Date.now()));
      if (page.nextCursor !== null) terminal.note(`There are more: --limit ${limit * 5} shows them.`);
    });
