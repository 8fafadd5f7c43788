import { sql } from 'drizzle-orm';
import { boolean, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { Command } from '../../domain/schemas/command.ts';
import { epochMs } from './columns.ts';

/** What people have commanded, as it was signed: evidence, and the source of who has contributed to a run. */
export const commands = pgTable(
  'commands',
  {
    tenant: text().notNull(),
    /** `jti` of the signature. */
    signatureId: text('signature_id').notNull(),
    project: text().notNull(),
    runId: text('run_id'),
    type: text().$type<Command['type']>().notNull(),
    principal: text().notNull(),
    iat: epochMs('iat').notNull(),
    contributes: boolean().notNull(),
    /** Of the bytes. */
    digest: text().notNull(),
    bytes: text().notNull(),
    jws: text().notNull(),
  },
  (command) => [
    primaryKey({ columns: [command.tenant, command.signatureId] }),
    index('commands_of_run')
      .on(command.runId, command.iat, command.signatureId)
      .where(sql`${command.runId} is not null`),
  ],
);
