/** The prices that come with this version, and those of a file of the operator's own. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { PriceTable } from '../../domain/prices.ts';

/** A file of prices that cannot be used. The message is for people. */
export class PriceFileError extends Error {
  override readonly name = 'PriceFileError';
}

const readTable = (path: string | URL): PriceTable => {
  let given: unknown;
  try {
    given = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    throw new PriceFileError(`${String(path)} cannot be read as JSON.`);
  }
  const table = PriceTable.safeParse(given);
  if (!table.success)
    throw new PriceFileError(`${String(path)} is no table of prices.\n${z.prettifyError(table.error)}`);
  return table.data;
};

/** Models of the file win. One in another currency replaces the table, since sums of the two would mean nothing. */
export function loadPrices(file?: string): PriceTable {
  const builtIn = readTable(new URL('./prices.json', import.meta.url));
  if (file === undefined) return builtIn;
  const own = readTable(file);
  if (own.currency !== builtIn.currency) return own;
  return { currency: own.currency, models: { ...builtIn.models, ...own.models } };
}
