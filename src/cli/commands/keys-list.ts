import { Option } from 'commander';
import type { Command } from 'commander';
import type { KeysQuery } from '../../client/index.ts';
import { firstItems } from '../all-pages.ts';
import { countArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { keyTable } from '../show/key.ts';

interface Options extends ApiOptions, Omit<KeysQuery, 'state'> {
  readonly state: NonNullable<KeysQuery['state']> | 'any';
  readonly limit: number;
}

export const addKeysList = (keys: Command, { terminal }: CliContext): Command =>
  withApiOptions(keys.command('list'))
    .description('list API keys with their last use: your own, as administrator all')
    .addOption(
      new Option('--state <state>', 'in this state').choices(['live', 'expired', 'revoked', 'any']).default('live'),
    )
    .option('--principal <name>', 'only of this person or service')
    .addOption(new Option('--kind <kind>', 'only of people or services').choices(['person', 'service']))
    .option('--limit <count>', 'how many', countArgument, 20)
    .action(async ({ state, principal, kind, limit, ...options }: Options) => {
      const client = connect(options);
      const filters = { principal, kind, ...(state !== 'any' && { state }) };
      const page = await firstItems(limit, (query) => client.keys.list({ ...filters, ...query }));
      if (options.json) return terminal.print(jsonText(page));
      if (page.data.length === 0) return terminal.print('No keys.');
      terminal.print(keyTable(terminal, page.data, Date.now()));
      if (page.nextCursor !== null) terminal.note(`There are more: --limit ${limit * 5} shows them.`);
    });
