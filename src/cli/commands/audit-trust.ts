import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly out?: string;
}

export const addAuditTrust = (audit: Command, { terminal }: CliContext): Command =>
  withApiOptions(audit.command('trust'))
    .description('fetch the keys that verifying needs: once, before there is anything to doubt')
    .option('--out <file>', 'write them to this file, which must not be there yet')
    .action(async ({ out, ...options }: Options) => {
      const trust = await connect(options).audit.trust();
      if (out === undefined) return terminal.print(jsonText(trust));
      await writeFile(out, `${JSON.stringify(trust)}\n`, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
        throw new CliError(EXIT.usage, `${out} cannot be written (${error.code}).`);
      });
      terminal.note(`Written to ${out}.`);
    });
