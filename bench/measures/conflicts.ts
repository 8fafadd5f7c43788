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
  /** Answers and effects that must not be. */
  readonly faults: readonly string[];
}

interface Answered extends HttpAnswer {
  readonly decision: 'approve' | 'reject';
  readonly answeredMs: number;
}

interface Told {
  readonly outcome?: string;
  readonly code?: string;
  readonly winner?: { readonly decision?: string };
}

const toldIn = ({ text }: Answered): Told => JSON.parse(text) as Told;

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

const isWinner = (answer: Answered): boolean => answer.status === 200 && toldIn(answer).outcome === 'recorded';

/** One decision is recorded, everybody else hears 409 and who won, and only an approval has an effect, once. */
const faultsOf = (answers: readonly Answered[], effects: number): string[] => {
  const faults: string[] = [];
  const winners = answers.filter(isWinner);
  const won = winners[0]?.decision;
  if (winners.length !== 1) faults.push(`${winners.length} decisions were recorded`);
  for (const loser of answers.filter((answer) => !isWinner(answer))) {
    const { code, winner } = toldIn(loser);
    if (loser.status !== 409 || winner?.decision !== won)
      faults.push(`who lost against ${won} was answered ${loser.status} ${code} with winner ${winner?.decision}`);
  }
  if (effects !== (won === 'approve' ? 1 : 0)) faults.push(`the tool ran ${effects} times after ${won} had won`);
  return faults;
};

export const measureConflicts = async (ours: Ours, rounds: number): Promise<Conflicts> => {
  const people = await Promise.all(
    Array.from({ length: DECIDERS }, (_, index) => ours.world.person(`decider-${index}`)),
  );
  const keys = people.map(({ key }) => key);
  const times: number[] = [];
  const faults: string[] = [];
  let approved = 0;
  for (let round = 1; round <= rounds; round += 1) {
    const run = await ours.start(1);
    await run.pending(1);
    const answers = await decideAtOnce(run, keys, round);
    await run.ended;
    faults.push(...faultsOf(answers, ours.entries.count(run.runId)));
    if (answers.find(isWinner)?.decision === 'approve') approved += 1;
    times.push(...answers.map(({ answeredMs }) => answeredMs));
  }
  const answeredMs = summaryOf(times);
  say(`g     ${rounds} approvals, ${DECIDERS} deciders each: all answered within ${answeredMs.max.toFixed(0)} ms`);
  return { rounds, answeredMs, approved, rejected: rounds - approved, faults };
};
