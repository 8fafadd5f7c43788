/** Lines of files of evidence, one after the other: a chain may be larger than memory. */
import { createReadStream } from 'node:fs';
import { CliError, EXIT } from '../exit-codes.ts';

/** `-` is standard input. */
export const STANDARD_INPUT = '-';

/** Only a line feed ends a line: text within may hold every other sign that ends one elsewhere. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const input = path === STANDARD_INPUT ? process.stdin : createReadStream(path);
  input.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of input) {
      const lines = `${rest}${String(chunk)}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') yield line;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new CliError(EXIT.usage, `${path} cannot be read (${code}).`);
  }
  if (rest !== '') yield rest;
}
