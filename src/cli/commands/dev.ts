import type { Command } from 'commander';
import { portArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import type { DevOptions } from '../local/run-dev.ts';

export const addDev = (program: Command, context: CliContext): Command =>
  program
    .command('dev')
    .description('the whole system on this machine, until Ctrl-C (npm start)')
    .option(
      '--port <port>',
      'of the API (COUNTERSIGN_API_PORT; else 3310, or another where that is taken)',
      portArgument,
    )
    .option('--no-example', 'do not start a run of the example agent')
    .option('--json', 'print one JSON object once it is ready')
    .action(async (options: DevOptions) => {
      // Loaded when wanted: every other command starts faster without.
      const { runDev } = await import('../local/run-dev.ts');
      await runDev(context, options);
    });
