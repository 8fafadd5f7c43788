/** `npm run faults`: a few hundred runs with scripted people, while everything is killed at random. */
import { writeFile } from 'node:fs/promises';
import { drive } from './drive.ts';
import { USAGE, readOptions } from './options.ts';
import type { FaultOptions } from './options.ts';
import { tableOf } from './table.ts';

const readOptionsOrExplain = (): FaultOptions | undefined => {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
};

const options = readOptionsOrExplain();
if (options) {
  const startedAtMs = Date.now();
  const say = (text: string) =>
    console.error(`${((Date.now() - startedAtMs) / 1_000).toFixed(0).padStart(5)} s  ${text}`);
  say(`starting PostgreSQL, Temporal, two APIs and two workers; ${options.runs} runs, seed ${options.seed}`);
  const report = await drive(options, say);
  console.log(tableOf(report));
  if (options.jsonFile !== undefined) await writeFile(options.jsonFile, `${JSON.stringify(report, undefined, 2)}\n`);
  const faults = [report.duplicates, report.unapproved, report.lost, report.brokenChains].flat();
  process.exitCode = faults.length === 0 ? 0 : 1;
}
