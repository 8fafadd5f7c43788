import { isJsonValue } from '../../domain/arguments/json-value.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';

/** A value of an answer as plain JSON; undefined where there is none. */
export const parseJsonValue = (value: unknown): JsonValue | undefined => (isJsonValue(value) ? value : undefined);

/** What JSON makes of a value of ours: fields that are undefined go. */
export const jsonOf = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value) ?? 'null') as JsonValue;
