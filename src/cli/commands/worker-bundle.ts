import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { becomeProcess } from '../local/become-process.ts';

export const addWorkerBundle = (worker: Command, { terminal }: CliContext): Command =>
  worker
    .command('bundle')
    .description('build the workflow bundle beforehand, for an image: workers then start at once')
    .action(() => becomeProcess('bundle', terminal));
