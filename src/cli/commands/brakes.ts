import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addBrakesBypass } from './brakes-bypass.ts';
import { addBrakesEndBypass } from './brakes-end-bypass.ts';
import { addBrakesList } from './brakes-list.ts';
import { addBrakesRelease } from './brakes-release.ts';
import { addBrakesSet } from './brakes-set.ts';
import { addBrakesShow } from './brakes-show.ts';

export function addBrakes(program: Command, context: CliContext): void {
  const brakes = program.command('brakes').description('stop calls before they start, and let them go on');
  addBrakesSet(brakes, context);
  addBrakesList(brakes, context);
  addBrakesShow(brakes, context);
  addBrakesRelease(brakes, context);
  addBrakesBypass(brakes, context);
  addBrakesEndBypass(brakes, context);
}
