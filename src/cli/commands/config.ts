import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addConfigShow } from './config-show.ts';

export function addConfig(program: Command, context: CliContext): void {
  const config = program.command('config').description('what processes started here are told');
  addConfigShow(config, context);
}
