import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { own, table } from '../show/table.ts';

interface Options extends ApiOptions {
  readonly output?: string;
}

export const addRunsMedia = (runs: Command, { terminal }: CliContext): Command =>
  withApiOptions(runs.command('media'))
    .description('list the images, sounds and files that tools of a run have kept, or get one of them')
    .argument('<run>', 'id of the run', runIdArgument)
    .argument('[sha256]', 'of the one to get')
    .option('--output <file>', 'write its bytes to this file instead of the standard output')
    .action(async (runId: string, sha256: string | undefined, options: Options) => {
      const { media } = connect(options);
      if (sha256 === undefined) {
        const kept = await media.list(runId);
        if (options.json) return terminal.print(jsonText({ data: kept }));
        if (kept.length === 0) return terminal.print('The run has none.');
        const rows = kept.map((one) => [own(one.toolCallId), own(one.mediaType), own(`${one.bytes}`), own(one.sha256)]);
        return terminal.print(table(terminal, ['CALL', 'TYPE', 'BYTES', 'SHA-256'], rows));
      }
      const bytes = await media.read(runId, sha256);
      if (options.output !== undefined) return writeFile(options.output, bytes);
      process.stdout.write(bytes);
    });
