/** JSON for programs that does no harm on a terminal: whatever would not be seen is escaped. */
import { presentValue } from '../../domain/present/present-value.ts';
import { jsonOf } from './json-value.ts';

/** Indented. */
export const jsonText = (value: unknown): string => presentValue(jsonOf(value));

/** On one line. */
export const jsonLine = (value: unknown): string =>
  jsonText(value)
    .split('\n')
    .map((line) => line.trimStart())
    .join('');
