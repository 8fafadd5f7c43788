import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import { parseStrictJson } from '../domain/arguments/parse-strict-json.ts';
import { CliError, EXIT } from './exit-codes.ts';

const MAX_BYTES = 8 * 1024 * 1024;

/** JSON of a file, or of the standard input where the file is `-`. */
export async function readJsonFile(file: string): Promise<JsonValue> {
  const parsed = parseStrictJson(await readTextFile(file), { maxBytes: MAX_BYTES });
  if (parsed.ok) return parsed.value;
  const { message, path } = parsed.fault;
  throw new CliError(EXIT.usage, `${file}: ${message}${path === undefined ? '' : ` (at ${path})`}`);
}

/** The text of a file, or of the standard input where the file is `-`. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}
