import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import { AUDIT_MEDIA_TYPES } from '../../contract/audit.ts';
import type { AuditFormat } from '../../contract/audit.ts';
import { runIdArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';

interface Options extends Omit<ApiOptions, 'json'> {
  readonly out?: string;
  readonly format: AuditFormat;
}

/** Nobody but this user: who decided what is not everybody's business. */
const FILE_MODE = 0o600;

export const addAuditExport = (audit: Command, { terminal }: CliContext): Command => {
  const command = audit
    .command('export')
    .description("export a run's chain with the signed commands it rests on; without a run, the tenant's own log")
    .argument('[run]', 'id of the run', runIdArgument)
    .option('--out <file>', 'write it to this file, which must not be there yet')
    .addOption(
      new Option('--format <format>', 'jsonl is the one that can be verified')
        .choices(Object.keys(AUDIT_MEDIA_TYPES))
        .default('jsonl'),
    );
  return withApiOptions(command).action(async (runId: string | undefined, options: Options) => {
    const { audit: evidence } = connect(options);
    const { out, format } = options;
    const body = await (runId === undefined
      ? evidence.exportTenant({ format })
      : evidence.exportRun(runId, { format }));
    const source = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
    if (out === undefined) return pipeline(source, process.stdout, { end: false });
    await pipeline(source, createWriteStream(out, { flags: 'wx', mode: FILE_MODE })).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new CliError(EXIT.usage, `${out} cannot be written (${code}).`);
    });
    terminal.note(`Written to ${out}. Check it: npm run countersign -- audit verify ${out}`);
  });
};
