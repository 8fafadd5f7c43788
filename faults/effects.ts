/** What really happened: one line for each effect, in a file outside the system. */
import { existsSync, readFileSync } from 'node:fs';
import type { EffectLine } from './agents.ts';

export const readEffects = (file: string): readonly EffectLine[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as EffectLine)
    : [];
