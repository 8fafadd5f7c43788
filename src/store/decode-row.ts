import { getTableColumns } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';

/** A row of a hand-written statement in the shape that Drizzle gives its own: the schema stays the one description. */
export function decodeRow<Table extends PgTable>(table: Table, row: unknown): Table['$inferSelect'] {
  const values = row as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(getTableColumns(table)).map(([property, column]) => {
      const value = values[column.name];
      return [property, value === null || value === undefined ? null : column.mapFromDriverValue(value)];
    }),
  ) as Table['$inferSelect'];
}
