/** Carries runs through while things are killed, then counts. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Approval } from '../src/contract/approvals.ts';
import type { Run } from '../src/contract/runs.ts';
import { isFinished } from '../src/domain/core/run-status.ts';
import { verifyStoredChain } from '../src/store/verify-stored-chain.ts';
import { createDice } from './dice.ts';
import type { Dice } from './dice.ts';
import type { Story } from './agents.ts';
import { readEffects } from './effects.ts';
import { SCOPE, createInstallation } from './installation.ts';
import type { Installation } from './installation.ts';
import { playKiller } from './killer.ts';
import type { Kill } from './killer.ts';
import { playOperator } from './operator.ts';
import type { OperatorReport } from './operator.ts';
import type { FaultOptions } from './options.ts';
import { playPerson } from './people.ts';
import type { GivenDecision } from './people.ts';
import { readEvents } from './read-events.ts';
import { createCaller } from './replicas.ts';
import type { Caller } from './replicas.ts';
import { judge } from './verdict.ts';
import type { RunRecord, Verdict } from './verdict.ts';

export interface FaultReport extends Verdict {
  readonly seed: number;
  readonly runs: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly kills: readonly Kill[];
  readonly decisions: readonly GivenDecision[];
  readonly operator: OperatorReport;
  readonly tookMs: number;
}

const POLL_MS = 300;
/** Killing stops once so many of the runs have ended. */
const KILLED_SHARE = 0.9;
/** From the last kill on, nothing may take longer than this to come to its end. */
const QUIET_TIMEOUT_MS = 180_000;

const storyOf = (file: string, label: string, dice: Dice): Story => ({
  turns: Array.from({ length: dice.between(1, 3) }, (_, turn) =>
    Array.from({ length: dice.between(1, 2) }, (__, index) => ({
      tool: dice.next() < 0.7 ? ('move' as const) : ('put' as const),
      file,
      label: `${label}.${turn}.${index}`,
      amount: dice.next() < 0.2 ? dice.between(501, 900) : dice.between(1, 500),
      pauseMs: dice.between(0, 400),
    })),
  ),
});

const startRun = async (caller: Caller, story: Story, label: string): Promise<string> => {
  const body = { agent: 'mover', input: JSON.stringify(story) };
  const { status, body: run } = await caller.request<Run>('POST', '/v1/runs', body, label);
  if (status > 201) throw new Error(`The run ${label} was not started: ${status} ${JSON.stringify(run)}`);
  return run.runId;
};

const untilEnded = async (caller: Caller, runId: string, stop: AbortSignal): Promise<void> => {
  while (!stop.aborted) {
    const { body } = await caller.request<Run>('GET', `/v1/runs/${runId}`);
    if (isFinished(body.status)) return;
    await delay(POLL_MS);
  }
};

const recordOf = async ({ store }: Installation, caller: Caller, runId: string): Promise<RunRecord> => {
  const run = await caller.request<Run>('GET', `/v1/runs/${runId}`);
  const approvals = await caller.request<{ data: Approval[] }>('GET', `/v1/runs/${runId}/approvals?limit=100`);
  const events = await readEvents(caller, runId);
  const chain = await verifyStoredChain(store, SCOPE, runId);
  const chainHolds = chain?.ok === true;
  return { runId, status: run.body.status, approvals: approvals.body.data, events, chainHolds };
};

/** What a run that came to nothing has told, for whoever looks into it. */
const storyText = ({ runId, events }: RunRecord): string =>
  [
    `the story of ${runId}:`,
    ...events.map(({ seq, type, at, data }) => `  ${seq} ${at} ${type} ${JSON.stringify(data)}`),
  ].join('\n');

export async function drive(options: FaultOptions, say: (text: string) => void): Promise<FaultReport> {
  const startedAtMs = Date.now();
  await using installation = await createInstallation();
  const { effectsFile, apiUrls } = installation;
  const dice = createDice(options.seed);
  const caller = createCaller(apiUrls, await installation.key('starter'));
  const people = new AbortController();
  const killing = new AbortController();
  const giveUp = new AbortController();
  const kills: Kill[] = [];
  const given: GivenDecision[] = [];
  const operator: OperatorReport = { markedDone: 0, retried: 0, failed: 0, unblocked: 0 };
  const names = ['anna', 'ben', 'carla'];
  const keys = await Promise.all(names.map((principal) => installation.key(principal)));
  const played = names.map((principal, index) => {
    const speaks = createCaller(apiUrls, keys[index] ?? '');
    return playPerson({ principal, caller: speaks, dice: createDice(options.seed + 1 + index), given }, people.signal);
  });
  const olga = createCaller(apiUrls, await installation.key('olga'));
  const operating = playOperator(olga, effectsFile, operator, people.signal);
  const killed = playKiller(installation, createDice(options.seed + 100), kills, killing.signal);

  const runIds: string[] = [];
  let ended = 0;
  const carry = async () => {
    while (runIds.length < options.runs || kills.length < options.minKills) {
      const label = `run-${options.seed}-${runIds.length}`;
      const place = runIds.push('') - 1;
      const runId = await startRun(caller, storyOf(effectsFile, label, dice), label);
      runIds[place] = runId;
      await untilEnded(caller, runId, giveUp.signal);
      ended += 1;
      if (ended % 20 === 0) say(`${ended} of ${options.runs} runs have ended, ${kills.length} kills`);
      // The last of them are carried through in peace.
      const isEnough = ended >= options.runs * KILLED_SHARE && kills.length >= options.minKills;
      if (isEnough && !killing.signal.aborted) {
        killing.abort();
        setTimeout(() => giveUp.abort(), QUIET_TIMEOUT_MS).unref();
      }
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, carry));
  killing.abort();
  await killed;
  people.abort();
  await Promise.all([...played, operating]);

  const records: RunRecord[] = [];
  for (const runId of runIds) records.push(await recordOf(installation, caller, runId));
  const statuses = Object.fromEntries(
    [...Map.groupBy(records, (record) => record.status)].map(([status, all]) => [status, all.length]),
  );
  const verdict = judge(readEffects(effectsFile), records);
  for (const record of records.filter((one) => verdict.lost.some((name) => name.includes(one.runId))))
    say(storyText(record));
  const tookMs = Date.now() - startedAtMs;
  return { ...verdict, seed: options.seed, runs: runIds.length, statuses, kills, decisions: given, operator, tookMs };
}
