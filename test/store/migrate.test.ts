import { getTableConfig } from 'drizzle-orm/pg-core';
import type { PgTable } from 'drizzle-orm/pg-core';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrateStore } from '../../src/store/migrate.ts';
import { approvalChanges, approvalFeeds } from '../../src/store/schema/approval-changes.ts';
import { approvals } from '../../src/store/schema/approvals.ts';
import { auditEvents, auditHeads } from '../../src/store/schema/audit-events.ts';
import { brakeBypasses, brakes } from '../../src/store/schema/brakes.ts';
import { claims } from '../../src/store/schema/claims.ts';
import { commands } from '../../src/store/schema/commands.ts';
import { agents, blobs, definitions } from '../../src/store/schema/content.ts';
import { credentials } from '../../src/store/schema/credentials.ts';
import { delegations } from '../../src/store/schema/delegations.ts';
import { effects, refusedDispatches } from '../../src/store/schema/effects.ts';
import { messageDeltas, retoldEvents, runEvents } from '../../src/store/schema/events.ts';
import { grants } from '../../src/store/schema/grants.ts';
import { media } from '../../src/store/schema/media.ts';
import { policyLayers } from '../../src/store/schema/policy-layers.ts';
import { runs, streams } from '../../src/store/schema/runs.ts';
import { sessions } from '../../src/store/schema/sessions.ts';
import { slots } from '../../src/store/schema/slots.ts';
import { toolTasks } from '../../src/store/schema/tool-tasks.ts';
import { createEmptyTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createEmptyTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});

afterAll(async () => {
  await client.end();
  await database.drop();
});

const tables: PgTable[] = [
  agents,
  approvalChanges,
  approvalFeeds,
  approvals,
  auditEvents,
  auditHeads,
  blobs,
  brakeBypasses,
  brakes,
  claims,
  commands,
  credentials,
  definitions,
  delegations,
  effects,
  refusedDispatches,
  grants,
  media,
  messageDeltas,
  policyLayers,
  runEvents,
  retoldEvents,
  runs,
  sessions,
  slots,
  toolTasks,
  streams,
];

test('several processes at once, then again: each migration is applied once', async () => {
  await Promise.all(Array.from({ length: 6 }, () => migrateStore(database.url)));
  const count = async () =>
    (await client.query<{ hash: string }>('SELECT hash FROM drizzle.__drizzle_migrations')).rows.map(
      ({ hash }) => hash,
    );
  const applied = await count();
  expect(new Set(applied).size).toBe(applied.length);
  await migrateStore(database.url);
  expect(await count()).toEqual(applied);
});

test('the migrations make the tables that the schema describes', async () => {
  const { rows } = await client.query<{ columns: string[] }>(
    `SELECT array_agg(format('%s.%s %s %s', table_name, column_name, udt_name, is_nullable)) AS columns
       FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  const types: Record<string, string> = { bigint: 'int8', integer: 'int4', boolean: 'bool', 'text[]': '_text' };
  const described = tables.map(getTableConfig).flatMap((table) =>
    table.columns.map((column) => {
      const type = column.getSQLType();
      return `${table.name}.${column.name} ${types[type] ?? type} ${column.notNull ? 'NO' : 'YES'}`;
    }),
  );
  expect(rows[0]!.columns.toSorted()).toEqual(described.toSorted());
});

test('open messages and the feed of approvals are not logged, everything else is', async () => {
  const { rows } = await client.query<{ relname: string }>(
    `SELECT relname FROM pg_class WHERE relkind = 'r' AND relpersistence = 'u' ORDER BY relname`,
  );
  expect(rows.map(({ relname }) => relname)).toEqual(['approval_changes', 'approval_feeds', 'message_deltas']);
});
