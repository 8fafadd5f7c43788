/**
 * Many short runs, each followed by readers whose connections break anywhere, over two replicas, some of them slow: what
 * each puts together is the log, and what it shows of a message is what was said. `COUNTERSIGN_FUZZ_RUNS` and
 * `COUNTERSIGN_FUZZ_SEED` prolong or repeat a search.
 */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient, createMessageReader } from '../../src/client/index.ts';
import type { RunEventView } from '../../src/contract/events.ts';
import { asksFor, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun, World } from '../../src/testing/index.ts';
import { createDice } from '../../faults/dice.ts';
import type { Dice } from '../../faults/dice.ts';
import { createReplica } from '../support/replica.ts';
import type { Replica } from '../support/replica.ts';
import { testWorld } from '../support/world.ts';
import { unreliableFetch } from './unreliable-fetch.ts';

const RUNS = Number(process.env['COUNTERSIGN_FUZZ_RUNS'] ?? 200);
const SEED = Number(process.env['COUNTERSIGN_FUZZ_SEED'] ?? randomInt(2 ** 31 - 1));
const TIMEOUT_MS = 60_000 + RUNS * 500;
const AT_ONCE = 16;
const READERS_PER_RUN = 2;
const SIGNS = [...'Refunds: äöü, 退款, 🙂👩‍👩‍👧, \u2028 and "quotes"\n'];

/** Attempts at messages that break off in the middle, by the run's input: each once. */
const brokenOff = new Set<string>();

/** Says a text that its input decides, in pieces, and uses a tool in between. */
const talker = testAgent({
  tools: [recordingTool('note')],
  policy: [{ id: 'allow', match: 'note', effect: 'allow' }],
  script: [
    ({ messages }) => asksFor('note', {}, { saying: textOf(messages[0]?.text ?? '', 1) }),
    ({ messages }) => says(textOf(messages[0]?.text ?? '', 2)),
  ],
  streaming: {
    chunkLength: 29,
    async pause({ request: { messages } }) {
      const input = messages[0]?.text ?? '';
      await delay(4);
      if (Number(input) % 10 !== 0 || messages.length === 1 || brokenOff.has(input)) return;
      brokenOff.add(input);
      throw new Error('The model went away.');
    },
  },
});

function textOf(input: string, turn: number): string {
  const dice = createDice(Number(input) * 7 + turn);
  return Array.from({ length: dice.between(0, 700) }, () => dice.pick(SIGNS)).join('');
}

let world: World;
let replica: Replica;
let anna: Person;
beforeAll(async () => {
  world = await testWorld({ agents: [talker], limits: { streamsPerPrincipal: 10_000 } });
  replica = await createReplica(world);
  anna = await world.person('anna');
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const trouble = { connections: 0, cuts: 0, switches: 0 };
const found = { runs: 0, readers: 0, slow: 0, events: 0, restarts: 0, gaps: 0, duplicates: 0, texts: 0, wrongTexts: 0 };
const faults: string[] = [];

interface Read {
  readonly events: readonly RunEventView[];
  readonly texts: ReadonlyMap<number, string>;
  readonly status: string | undefined;
}

/** As anybody would with the client, on a bad network. */
async function readRun(runId: string, dice: Dice): Promise<Read> {
  const isSlow = dice.next() < 0.25;
  if (isSlow) found.slow += 1;
  const replicas = [world.url, replica.url];
  const fetch = unreliableFetch({ replicas, dice, trouble, isSlow, cuts: dice.between(0, 6) });
  const client = createClient({ baseUrl: world.url, apiKey: anna.key, fetch });
  const read = createMessageReader();
  const events: RunEventView[] = [];
  const texts = new Map<number, string>();
  let status: string | undefined;
  for await (const item of client.runs.events(runId, { reconnectDelayMs: 5 })) {
    if (item.event === 'event') events.push(item.data);
    if (item.event === 'stream.end') ({ status } = item.data);
    const piece = read(item);
    if (piece) texts.set(piece.turn, (piece.begins ? '' : (texts.get(piece.turn) ?? '')) + piece.text);
  }
  return { events, texts, status };
}

function compare(runId: string, log: readonly RunEventView[], { events, texts, status }: Read): void {
  const seqs = events.map(({ seq }) => seq);
  const duplicates = seqs.length - new Set(seqs).size;
  const gaps = log.filter(({ seq }) => !seqs.includes(seq)).length;
  found.readers += 1;
  found.events += events.length;
  found.duplicates += duplicates;
  found.gaps += gaps;
  if (JSON.stringify(events) !== JSON.stringify(log)) faults.push(`${runId}: the stream is not the log`);
  if (status !== 'completed') faults.push(`${runId}: ended as ${status}`);
  for (const { type, data, content } of log) {
    if (type !== 'message.completed') continue;
    found.texts += 1;
    if ((texts.get(Number(data['turn'])) ?? '') === (content?.text ?? '')) continue;
    found.wrongTexts += 1;
    faults.push(`${runId}: turn ${String(data['turn'])} reads otherwise`);
  }
}

async function oneRun(index: number): Promise<void> {
  const dice = createDice(SEED + index);
  const run: StartedRun = await anna.startRun({ input: String(index) });
  const readers = Array.from({ length: READERS_PER_RUN }, async (_, reader) => {
    // The first is there from the start; the others join at any time, also after the end.
    if (reader > 0) await delay(dice.between(0, 600));
    return readRun(run.runId, createDice(SEED + index * 31 + reader));
  });
  const read = await Promise.all(readers);
  const log = await run.events();
  found.runs += 1;
  found.restarts += log.filter(({ type }) => type === 'message.restarted').length;
  for (const one of read) compare(run.runId, log, one);
}

const table = (): string => {
  const rows = Object.entries({ seed: SEED, ...trouble, ...found });
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${String(value).padStart(10)}`).join('\n');
};

test(
  'S1.12 S3.2 B16 whatever breaks, every reader has the log, once, and the texts as they were said',
  { timeout: TIMEOUT_MS },
  async () => {
    let next = 0;
    const hand = async () => {
      while (next < RUNS) await oneRun((next += 1));
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: AT_ONCE }, hand));
    const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
    process.stdout.write(`\nReconnecting readers, ${seconds} s\n${table()}\n\n`);
    expect(faults.slice(0, 5)).toEqual([]);
    expect(found).toMatchObject({ runs: RUNS, gaps: 0, duplicates: 0, wrongTexts: 0 });
    // Or the search has gone blind.
    expect(trouble.cuts).toBeGreaterThan(RUNS);
    expect(trouble.switches).toBeGreaterThan(RUNS / 2);
    expect(found.slow).toBeGreaterThan(RUNS / 5);
    expect(found.restarts).toBeGreaterThan(0);
  },
);
