import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { becomeProcess } from '../local/become-process.ts';

export const addApi = (program: Command, { terminal }: CliContext): Command =>
  program
    .command('api')
    .description('serve the API until it is told to stop; any number may serve one installation')
    .action(() => becomeProcess('api', terminal));
