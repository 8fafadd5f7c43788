import type { Command } from 'commander';
import { durationSchema } from '../../domain/policy/duration.ts';
import { presentInline } from '../../domain/present/present.ts';
import { collect, durationArgument, timeArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { jsonText } from '../show/json.ts';
import { absolute, relative } from '../show/time.ts';

interface Options extends ApiOptions {
  readonly to: string;
  readonly until?: string;
  readonly for?: string;
  readonly group?: readonly string[];
}

export const addDelegationsAdd = (delegations: Command, { terminal }: CliContext): Command =>
  withApiOptions(delegations.command('add'))
    .description('hand your part in deciding to somebody else for a time')
    .requiredOption('--to <principal>', 'who stands in for you')
    .option('--until <time>', 'its end, like 2026-03-14T18:00:00Z', timeArgument)
    .option('--for <duration>', 'its end, so long from now, like 7d', durationArgument)
    .option('--group <name>', 'only this group of yours; may be repeated', collect)
    .action(async ({ to, until, for: span, group, ...options }: Options) => {
      if ((until === undefined) === (span === undefined)) {
        throw new CliError(EXIT.usage, 'Say with --until or --for when it ends.');
      }
      const end = until ?? new Date(Date.now() + durationSchema.parse(span)).toISOString();
      const request = { to, until: end, ...(group && { groups: [...group] }) };
      const delegation = await connect(options).delegations.create(request);
      if (options.json) return terminal.print(jsonText(delegation));
      const when = `${absolute(delegation.until)} (${relative(delegation.until, Date.now())})`;
      terminal.print(`${presentInline(delegation.to)} stands in for ${presentInline(delegation.from)} until ${when}.`);
      terminal.print(`To end that before: ${COMMAND} delegations end ${delegation.delegationId}`);
    });
