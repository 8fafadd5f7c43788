import type { Command } from 'commander';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { grantScreen } from '../show/grant.ts';
import { jsonText } from '../show/json.ts';

export const addGrantsShow = (grants: Command, { terminal }: CliContext): Command =>
  withApiOptions(grants.command('show'))
    .description('show one pre-approval: what it covers, how much of it is used')
    .argument('<grant>', 'id of the grant')
    .action(async (grantId: string, options: ApiOptions) => {
      const grant = await connect(options).grants.get(grantId);
      terminal.print(options.json ? jsonText(grant) : grantScreen(terminal, grant, Date.now()));
    });
