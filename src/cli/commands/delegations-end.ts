import type { Command } from 'commander';
import { presentInline } from '../../domain/present/present.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';

export const addDelegationsEnd = (delegations: Command, { terminal }: CliContext): Command =>
  withApiOptions(delegations.command('end'))
    .description('end a delegation before its time')
    .argument('<delegation>', 'id of the delegation')
    .action(async (delegationId: string, options: ApiOptions) => {
      const delegation = await connect(options).delegations.end(delegationId);
      if (options.json) return terminal.print(jsonText(delegation));
      const { from, to } = delegation;
      terminal.print(`${presentInline(to)} no longer stands in for ${presentInline(from)}.`);
    });
