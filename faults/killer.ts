/** Kills at random points, one thing at a time, and measures how long it takes until every run has moved on. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Dice } from './dice.ts';
import { SCOPE } from './installation.ts';
import type { Installation } from './installation.ts';
import type { Part } from './part.ts';

export interface Kill {
  readonly what: string;
  readonly atMs: number;
  /** Time until every run that was at work had told something new; only where another worker lived on. */
  readonly movedOnMs?: number;
  readonly runsAtWork?: number;
}

/** What it is, which one, and how often beside the others. */
type Target = readonly [what: string, choose: () => Part, weight: number];

const PAUSE_MS = [800, 2_500] as const;
const DOWN_MS = [200, 1_500] as const;
const GIVE_UP_MS = 60_000;

const AT_WORK = `SELECT r.run_id, s.seq FROM runs r JOIN streams s ON s.root_run_id = r.root_run_id
  WHERE r.tenant = $1 AND r.project = $2 AND r.status = 'running' AND r.ended_at IS NULL`;
const STILL = `SELECT r.run_id FROM runs r JOIN streams s ON s.root_run_id = r.root_run_id
  WHERE r.run_id = ANY($1::text[]) AND r.ended_at IS NULL
    AND s.seq <= (SELECT g.seq FROM unnest($1::text[], $2::bigint[]) AS g (run_id, seq) WHERE g.run_id = r.run_id)`;

/** How long until each of the runs that were at work has stored something new, or ended. */
const untilMovedOn = async ({ store }: Installation, kill: () => Promise<void>) => {
  const { rows } = await store.pool.query<{ run_id: string; seq: number }>(AT_WORK, [SCOPE.tenant, SCOPE.project]);
  const atMs = Date.now();
  const killed = kill();
  while (Date.now() - atMs < GIVE_UP_MS) {
    const still = await store.pool.query(STILL, [rows.map((row) => row.run_id), rows.map((row) => row.seq)]);
    if (still.rows.length === 0) break;
    await delay(50);
  }
  const movedOnMs = Date.now() - atMs;
  await killed;
  return { movedOnMs, runsAtWork: rows.length };
};

export async function playKiller(
  installation: Installation,
  dice: Dice,
  kills: Kill[],
  stop: AbortSignal,
): Promise<void> {
  const { apis, workers, postgres, temporal } = installation;
  // Each of them once, then by chance.
  const targets: readonly Target[] = [
    ['worker', () => dice.pick(workers), 55],
    ['api', () => dice.pick(apis), 25],
    ['PostgreSQL', () => postgres, 10],
    ['Temporal', () => temporal, 10],
  ];
  for (let round = 0; !stop.aborted; round += 1) {
    await delay(dice.between(...PAUSE_MS), undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    for (const part of [...apis, ...workers]) await part.revive();
    const [what, choose] = targets[round] ?? pick(targets, dice);
    const part = choose();
    const downMs = dice.between(...DOWN_MS);
    const atMs = Date.now();
    const kill = () => part.killAndRestart(downMs);
    if (what === 'worker') kills.push({ what, atMs, ...(await untilMovedOn(installation, kill)) });
    else {
      await kill();
      kills.push({ what, atMs });
    }
  }
}

/** By their weights. */
const pick = (targets: readonly Target[], dice: Dice): Target => {
  let rest = dice.next() * targets.reduce((sum, [, , weight]) => sum + weight, 0);
  for (const target of targets) {
    rest -= target[2];
    if (rest < 0) return target;
  }
  throw new RangeError('Nothing to kill.');
};
