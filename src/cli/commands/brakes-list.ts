import type { Command } from 'commander';
import { firstItems } from '../all-pages.ts';
import { countArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { brakeTable } from '../show/brake.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly all?: boolean;
  readonly limit: number;
}

export const addBrakesList = (brakes: Command, { terminal }: CliContext): Command =>
  withApiOptions(brakes.command('list'))
    .description('list the brakes that are on')
    .option('--all', 'released ones too')
    .option('--limit <count>', 'how many', countArgument, 20)
    .action(async ({ all, limit, ...options }: Options) => {
      const client = connect(options);
      const filter = all ? {} : { active: true };
      const page = await firstItems(limit, (query) => client.brakes.list({ ...filter, ...query }));
      if (options.json) return terminal.print(jsonText(page));
      if (page.data.length === 0) return terminal.print(all ? 'No brakes.' : 'No brake is on.');
      terminal.print(brakeTable(terminal, page.data, Date.now()));
      if (page.nextCursor !== null) terminal.note(`There are more: --limit ${limit * 5} shows them.`);
    });
