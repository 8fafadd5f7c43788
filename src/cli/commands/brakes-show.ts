import type { Command } from 'commander';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { brakeScreen } from '../show/brake.ts';
import { jsonText } from '../show/json.ts';

export const addBrakesShow = (brakes: Command, { terminal }: CliContext): Command =>
  withApiOptions(brakes.command('show'))
    .description('show one brake, and who may pass it')
    .argument('<brake>', 'id of the brake')
    .action(async (brakeId: string, options: ApiOptions) => {
      const brake = await connect(options).brakes.get(brakeId);
      terminal.print(options.json ? jsonText(brake) : brakeScreen(terminal, brake, Date.now()));
    });
