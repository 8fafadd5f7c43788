import { digestOf } from '../domain/core/digest.ts';
import type { Command, SignedCommand } from '../domain/schemas/command.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { blobParameters, rememberBlobs } from './blobs.ts';
import type { NewBlob } from './blobs.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { decodeRow } from './decode-row.ts';
import { commands } from './schema/commands.ts';
import { storableText } from './storable-text.ts';

/** A command that a person gave, as it was signed. */
export interface CommandRecord extends Scope {
  /** Null where it belongs to no run. */
  readonly runId: string | null;
  readonly type: Command['type'];
  /** Who gave it. */
  readonly principal: string;
  /** When it was signed. */
  readonly iat: number;
  /** `jti` of the signature. */
  readonly signatureId: string;
  /** It puts words or values into the run. */
  readonly contributes: boolean;
  readonly signed: SignedCommand;
}

const RECORD = { name: 'record_command_1', text: 'SELECT record_command($1, $2, $3)' };

/** Keeps a command with the content it refers to, in one statement. The same signature again changes nothing. */
export async function recordCommand(
  store: Store,
  record: CommandRecord,
  blobs: readonly NewBlob[] = [],
): Promise<void> {
  await execute(store, RECORD, [JSON.stringify(commandRow(record)), ...blobParameters(blobs)]);
  rememberBlobs(store, record.tenant, blobs);
}

/** In the column names of the table, for `jsonb_populate_record`. */
export function commandRow(record: CommandRecord): Record<string, unknown> {
  const { tenant, project, runId, type, principal, iat, signatureId, contributes, signed } = record;
  return {
    tenant,
    signature_id: storableText(signatureId),
    project,
    run_id: runId,
    type,
    principal: storableText(principal),
    iat,
    contributes,
    digest: digestOf(signed.bytes),
    bytes: signed.bytes,
    jws: signed.jws,
  };
}

const READ = {
  name: 'read_commands_1',
  text: `SELECT c.* FROM commands c WHERE c.run_id = $3 AND c.tenant = $1 AND c.project = $2
    ORDER BY c.iat, c.signature_id`,
};

/** Commands given to a run, in the order in which they were signed. */
export async function readCommands(store: Store, scope: Scope, runId: string): Promise<CommandRecord[]> {
  const rows = await execute(store, READ, [scope.tenant, scope.project, runId]);
  return rows.map((row) => {
    const { bytes, jws, digest: _, ...record } = decodeRow(commands, row);
    return { ...record, signed: { bytes, jws } };
  });
}
