import type { Command } from 'commander';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';

export const addBrakesRelease = (brakes: Command, { terminal }: CliContext): Command =>
  withApiOptions(brakes.command('release'))
    .description('release a brake: what it has held goes on by itself')
    .argument('<brake>', 'id of the brake')
    .action(async (brakeId: string, options: ApiOptions) => {
      const brake = await connect(options).brakes.release(brakeId);
      if (options.json) return terminal.print(jsonText(brake));
      terminal.print(`Brake ${brake.brakeId} is released. What it has held goes on by itself.`);
    });
