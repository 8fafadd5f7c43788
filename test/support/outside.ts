// What agents of agents/outside.ts do to the world outside, counted there.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OutsideCall, OutsideEntry } from './agents/outside.ts';

export interface Outside {
  /** The input of the run whose effects are counted here. */
  readonly input: string;
  effects(): readonly OutsideEntry[];
  /** Each time the tool, or a thinking model, was entered, whether or not it came to an effect. */
  entries(): readonly OutsideEntry[];
  /** Whoever hangs goes on, and nobody hangs any more. */
  openGate(): void;
}

export function createOutside(directory: string, hang: OutsideCall['hang'] = 'never'): Outside {
  const home = mkdtempSync(join(directory, 'outside-'));
  const call: OutsideCall = {
    effectsFile: join(home, 'effects'),
    entriesFile: join(home, 'entries'),
    gateFile: join(home, 'gate'),
    hang,
  };
  writeFileSync(call.effectsFile, '');
  writeFileSync(call.entriesFile, '');
  const read = (file: string): OutsideEntry[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as OutsideEntry);
  return {
    input: JSON.stringify(call),
    effects: () => read(call.effectsFile),
    entries: () => read(call.entriesFile),
    openGate: () => writeFileSync(call.gateFile, ''),
  };
}
