/** The fault driver in short: everything dies at random while people decide. The long form is `npm run faults`. */
import { expect, test } from 'vitest';
import { drive } from '../../faults/drive.ts';
import { movedOnTimes, tableOf } from '../../faults/table.ts';

/** Within 15 s with another worker alive; a busy machine gets more. */
const MOVES_ON_WITHIN_MS = 30_000;

test(
  'B2 B3 S3.4 whatever is killed, approved calls take effect once, others never, and nothing is lost',
  {
    timeout: 240_000,
  },
  async ({ annotate }) => {
    const seed = Number(process.hrtime.bigint() % 2_147_483_647n);
    const report = await drive({ runs: 24, concurrency: 8, minKills: 4, seed, jsonFile: undefined }, () => undefined);
    await annotate(`\n${tableOf(report)}`);
    expect(new Set(report.kills.map((kill) => kill.what)).size).toBe(4);
    expect(report.effects).toBeGreaterThan(10);
    const { duplicates, unapproved, lost, brokenChains } = report;
    expect({ duplicates, unapproved, lost, brokenChains, seed }).toEqual({
      duplicates: [],
      unapproved: [],
      lost: [],
      brokenChains: [],
      seed,
    });
    expect(Math.max(0, ...movedOnTimes(report))).toBeLessThan(MOVES_ON_WITHIN_MS);
  },
);
