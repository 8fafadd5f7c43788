import type { Command } from 'commander';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';

export const addBrakesEndBypass = (brakes: Command, { terminal }: CliContext): Command =>
  withApiOptions(brakes.command('end-bypass'))
    .description('end a bypass before its time')
    .argument('<brake>', 'id of the brake')
    .argument('<bypass>', 'id of the bypass, as `brakes show` lists it')
    .action(async (brakeId: string, bypassId: string, options: ApiOptions) => {
      const bypass = await connect(options).brakes.endBypass(brakeId, bypassId);
      if (options.json) return terminal.print(jsonText(bypass));
      terminal.print(`Bypass ${bypass.bypassId} is over: brake ${brakeId} holds for all that it stops.`);
    });
