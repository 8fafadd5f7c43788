/** Lets two subjects take turns, the other one first in every second round. */
import type { Subject } from './subject.ts';

export interface Compared<T> {
  readonly ours: T[];
  readonly floor: T[];
}

export const interleave = async <T>(
  subjects: readonly [Subject, Subject],
  rounds: number,
  measure: (subject: Subject, round: number) => Promise<T>,
): Promise<Compared<T>> => {
  const results: Compared<T> = { ours: [], floor: [] };
  for (let round = 1; round <= rounds; round += 1) {
    const order = round % 2 === 1 ? subjects : subjects.toReversed();
    for (const subject of order) results[subject.name].push(await measure(subject, round));
  }
  return results;
};
