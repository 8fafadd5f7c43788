import { bigint, customType } from 'drizzle-orm/pg-core';

/** Bytes as they were hashed: never text, never jsonb. */
export const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** Milliseconds since 1970, always handed in by the caller's clock. */
export const epochMs = (name: string) => bigint(name, { mode: 'number' });
