/**
 * `npm run bench`: measures Countersign over HTTP against a bare Temporal workflow that takes the same steps, in one
 * process, on one server. Absolute figures hold for one machine and day: compare ratios. Asserts only that things work.
 * `npm run bench -- api`: one API with processes of its own.
 */
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { Client, Connection } from '@temporalio/client';
import { benchApi, faultsIn } from './api/bench-api.ts';
import { apiTables } from './api/table.ts';
import { openFloor } from './floor/open-floor.ts';
import { isMet, rowsOf } from './goals.ts';
import { measureConflicts } from './measures/conflicts.ts';
import { measureLongRun } from './measures/long-run.ts';
import { measureOneApproval } from './measures/one-approval.ts';
import { measureParkedMemory } from './measures/parked-memory.ts';
import { measureStoredBytes } from './measures/stored-bytes.ts';
import { completeMany, measureThroughput } from './measures/throughput.ts';
import { USAGE, readOptions } from './options.ts';
import type { BenchOptions, Measure } from './options.ts';
import { openOurs } from './ours/open-ours.ts';
import { say } from './progress.ts';
import type { Results } from './results.ts';
import { startServices } from './services.ts';
import type { Services } from './services.ts';
import { completeOne } from './subject.ts';
import { tableOf } from './table.ts';

const measureOn = async (services: Services, { measures, sizes }: BenchOptions): Promise<Results> => {
  await using cleanUp = new AsyncDisposableStack();
  const wants = (...some: Measure[]) => some.some((measure) => measures.has(measure));
  const parkedMemory = wants('d') && (await measureParkedMemory(services, sizes));
  if (!wants('a', 'b', 'c', 'e', 'f', 'g')) return { ...(parkedMemory && { parkedMemory }) };

  say('starting ours and the floor');
  const ours = cleanUp.adopt(await openOurs(services), (one) => one.stop());
  const floor = cleanUp.adopt(await openFloor(services.temporalAddress), (one) => one.stop());
  const connection = cleanUp.adopt(await Connection.connect({ address: services.temporalAddress }), (one) =>
    one.close(),
  );
  const client = new Client({ connection });
  const both = [ours, floor] as const;
  say(`warming up with ${sizes.warmUpRuns} runs each`);
  for (const subject of both) await completeMany(8, sizes.warmUpRuns, () => completeOne(subject));

  return {
    ...(wants('a', 'b') && { oneApproval: await measureOneApproval([...both], sizes) }),
    ...(wants('c') && { throughput: await measureThroughput([...both], sizes) }),
    ...(parkedMemory && { parkedMemory }),
    ...(wants('e') && { storedBytes: await measureStoredBytes(client, ours) }),
    ...(wants('e', 'f') && {
      longRun: {
        ours: await measureLongRun(client, ours, sizes.turns),
        floor: await measureLongRun(client, floor, sizes.turns),
      },
    }),
    ...(wants('g') && { conflicts: await measureConflicts(ours, sizes.conflictRounds) }),
  };
};

const readOptionsOrExplain = (): BenchOptions | undefined => {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
};

/** Each kind of fault once, with how often it came. */
const tellFaults = (faults: readonly string[]): void => {
  for (const [fault, all] of Map.groupBy(faults, (one) => one)) {
    console.log(`✗ ${fault} (${all.length} times)`);
    process.exitCode = 1;
  }
};

const benchFloor = async (services: Services, options: BenchOptions): Promise<object> => {
  const results = await measureOn(services, options);
  const rows = rowsOf(results);
  console.log(`\n${tableOf(rows)}\n`);
  tellFaults((results.conflicts?.faults ?? []).map((fault) => `Ten deciders: ${fault}`));
  return { rows: rows.map((row) => ({ ...row, met: isMet(row) })), results };
};

const benchOneApi = async (services: Services, { apiSizes }: BenchOptions): Promise<object> => {
  const results = await benchApi(services, apiSizes);
  console.log(`\n${apiTables(results)}\n`);
  tellFaults(faultsIn(results));
  return { results };
};

const bench = async (options: BenchOptions): Promise<void> => {
  const { suite, quick, jsonFile } = options;
  const services = await startServices();
  try {
    const measured = await (suite === 'api' ? benchOneApi : benchFloor)(services, options);
    if (jsonFile === undefined) return;
    const machine = { cores: cpus().length, cpu: cpus()[0]?.model, node: process.version };
    const document = { at: new Date().toISOString(), suite, quick, machine, ...measured };
    await writeFile(jsonFile, `${JSON.stringify(document, undefined, 2)}\n`);
    say(`wrote ${jsonFile}`);
  } finally {
    await services.stop();
  }
};

const options = readOptionsOrExplain();
if (options) await bench(options);
