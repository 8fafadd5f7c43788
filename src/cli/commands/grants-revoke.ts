import type { Command } from 'commander';
import { presentInline } from '../../domain/present/present.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';

export const addGrantsRevoke = (grants: Command, { terminal }: CliContext): Command =>
  withApiOptions(grants.command('revoke'))
    .description('end a pre-approval: from the next call on people are asked')
    .argument('<grant>', 'id of the grant')
    .action(async (grantId: string, options: ApiOptions) => {
      const grant = await connect(options).grants.revoke(grantId);
      if (options.json) return terminal.print(jsonText(grant));
      terminal.print(`Grant ${grant.grantId} is ${presentInline(grant.status)}, ${presentInline(grant.usage)}.`);
    });
