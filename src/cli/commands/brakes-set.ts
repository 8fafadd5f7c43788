import type { Command } from 'commander';
import { presentInline } from '../../domain/present/present.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { brakeReach } from '../show/brake.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly agent?: string;
  readonly tool?: string;
  readonly tenant?: boolean;
  readonly reason: string;
}

/** A kill switch asks nobody whether they are sure. */
export const addBrakesSet = (brakes: Command, { terminal }: CliContext): Command =>
  withApiOptions(brakes.command('set'))
    .description('stop calls before they start, on every worker: of the project, an agent, a tool')
    .option('--agent <name>', 'only calls of this agent')
    .option('--tool <name>', 'only calls of this tool')
    .option('--tenant', 'in every project of the tenant')
    .requiredOption('--reason <text>', 'why; shown to operators')
    .action(async ({ agent, tool, tenant, reason, ...options }: Options) => {
      const brake = await connect(options).brakes.set({
        scope: tenant ? 'tenant' : 'project',
        ...(agent !== undefined && { agent }),
        ...(tool !== undefined && { tool }),
        reason,
      });
      if (options.json) return terminal.print(jsonText(brake));
      terminal.print(`Brake ${brake.brakeId} is on. It stops ${presentInline(brakeReach(brake))}.`);
      terminal.print(`To let all that go on: ${COMMAND} brakes release ${brake.brakeId}`);
    });
