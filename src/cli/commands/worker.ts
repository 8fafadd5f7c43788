import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { becomeProcess } from '../local/become-process.ts';
import { addWorkerBundle } from './worker-bundle.ts';
import { addWorkerDeploy } from './worker-deploy.ts';

export function addWorker(program: Command, context: CliContext): void {
  const worker = program
    .command('worker')
    .description('carry runs on until it is told to stop; any number may serve one task queue')
    .action(() => becomeProcess('worker', context.terminal));
  addWorkerBundle(worker, context);
  addWorkerDeploy(worker, context);
}
