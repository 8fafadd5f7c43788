/** People are asked under the policy of today, as the call's next revision. */
import { askedAgain } from './refused.ts';
import type { Refused } from './refused.ts';
import { digestUnder } from './subject.ts';
import type { Subject } from './subject.ts';

export const askNow = (subject: Subject, code: string, message: string): Refused => {
  const { current, input } = subject;
  const revision = input.revision + 1;
  return askedAgain(code, message, { verdict: current, digest: digestUnder(subject, current, revision), revision });
};
