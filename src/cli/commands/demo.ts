import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import type { DemoOptions } from '../local/run-demo.ts';

export const addDemo = (program: Command, context: CliContext): Command =>
  program
    .command('demo')
    .description('the whole story unattended, in a temporary directory (npm run demo)')
    .option('--json', 'print one JSON object at the end; the story goes to standard error')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../local/run-demo.ts');
      await runDemo(context, options);
    });
