import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { becomeProcess } from '../local/become-process.ts';

export const addMigrate = (program: Command, { terminal }: CliContext): Command =>
  program
    .command('migrate')
    .description(
      'prepare tables, search attributes, signing keys and the first key; before api and worker, at each upgrade',
    )
    .action(() => becomeProcess('migrate', terminal));
