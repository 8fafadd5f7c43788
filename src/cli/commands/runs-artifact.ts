import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { presentText } from '../../domain/present/present.ts';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';

interface Options extends ApiOptions {
  readonly output?: string;
}

export const addRunsArtifact = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('artifact'))
    .description('print a file of a run; on a terminal with what would not be seen made visible')
    .argument('<run>', 'id of the run', runIdArgument)
    .argument('<path>', 'of the file, as `runs show` lists it')
    .option('--output <file>', 'write its bytes to this file instead')
    .action(async (runId: string, path: string, options: Options) => {
      const bytes = await connect(options).artifacts.read(runId, path);
      if (options.output !== undefined) return writeFile(options.output, bytes);
      if (terminal.isTerminal) return terminal.print(presentText(new TextDecoder().decode(bytes)));
      process.stdout.write(bytes);
    });
