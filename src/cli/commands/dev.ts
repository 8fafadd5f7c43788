import type { Command } from 'commander';
import { portArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { EXAMPLE_AGENT, EXAMPLE_INPUT } from '../local/example-run.ts';
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
    .option('--no-example', 'do not start a first run')
    .option('--first-run <agent>', 'of which the first run is, where there has never been one', EXAMPLE_AGENT)
    .option('--first-input <text>', 'what that run is given', EXAMPLE_INPUT)
    .option('--json', 'print one JSON object once it is ready')
    .action(async (options: DevOptions) => {
      // Loaded when wanted: every other command starts faster without.
      const { runDev } = await import('../local/run-dev.ts');
      await runDev(context, options);
    });
