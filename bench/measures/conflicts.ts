/** Ten people decide one approval at the same moment, five each way: one wins, the others are told who. */
import type { HttpAnswer } from '../ours/http-client.ts';
import type { Ours } from '../ours/open-ours.ts';
import type { HttpRun } from '../ours/runs.ts';
import { say } from '../progress.ts';
import { summaryOf } from '../statistics.ts';
import type { Summary } from '../statistics.ts';

const DECIDERS = 10;

export interface Conflicts {
  readonly rounds: number;
  readonly answeredMs: Summary;
  /** How often each side won. */
  readonly approved: number;
  readonly rejected: number;
}

interface Answered extends HttpAnswer {
  readonly decision: 'approve' | 'reject';
  readonly answeredMs: number;
}

interface Receipt {
  readonly outcome?: string;
  readonly code?: string;
  readonly winner?: { readonly principal?: string; readonly decision?: string };
}

const decideAtOnce = (run: HttpRun, keys: readonly string[], round: number): Promise<Answered[]> =>
  Promise.all(
    keys.map(async (key, index) => {
      // Who is first in the queue changes with the round.
      const decision = (index + round) % 2 === 0 ? 'approve' : 'reject';
      const sentAt = performance.now();
      const answer = await run.decide(decision, key);
      return { ...answer, decision, answeredMs: performance.now() - sentAt };
    }),
  );

/** Throws where not exactly one decision was recorded, or a loser was not told of the winner. */
const winnerOf = (answers: readonly Answered[]): Answered => {
  const [winner, ...others] = answers.filter(({ status, text }) => {
    const { outcome } = JSON.parse(text) as Receipt;
    return status === 200 && outcome === 'recorded';
  });
  const statuses = answers.map(({ status }) => status).join(', ');
  if (!winner || others.length > 0) throw new Error(`Not exactly one decision was recorded: ${statuses}.`);
  for (const { status, text } of answers) {
    if (text === winner.text) continue;
    const told = JSON.parse(text) as Receipt;
    if (status !== 409 || told.winner?.decision !== winner.decision)
      throw new Error(`A decider who lost was answered ${status}: ${text}`);
  }
  return winner;
};

export const measureConflicts = async (ours: Ours, rounds: number): Promise<Conflicts> => {
  const people = await Promise.all(
    Array.from({ length: DECIDERS }, (_, index) => ours.world.person(`decider-${index}`)),
  );
  const keys = people.map(({ key }) => key);
  const times: number[] = [];
  let approved = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const run = await ours.start(1);
    await run.pending(1);
    const answers = await decideAtOnce(run, keys, round);
    const winner = winnerOf(answers);
    await run.ended;
    const effects = ours.entries.count(run.runId);
    const expected = winner.decision === 'approve' ? 1 : 0;
    if (effects !== expected) throw new Error(`The tool ran ${effects} times after ${winner.decision} had won.`);
    approved += expected;
    times.push(...answers.map(({ answeredMs }) => answeredMs));
  }
  const answeredMs = summaryOf(times);
  say(`g     ${rounds} approvals, ${DECIDERS} deciders each: all answered within ${answeredMs.max.toFixed(0)} ms`);
  return { rounds, answeredMs, approved, rejected: rounds - approved };
};
