/** Personal data in text: a filter against accidents, not against those who mean to get it past. Asks nobody outside. */
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import type { CountryCode } from 'libphonenumber-js';
import type { Finding, Guard } from '../../domain/guards/guard.ts';
import type { PiiKind } from '../../platform/guards-file.ts';
import { actionsOf } from './actions.ts';
import type { ConfiguredActions } from './actions.ts';
import { findCards } from './detect/cards.ts';
import { findEmails } from './detect/emails.ts';
import { findIbans } from './detect/ibans.ts';
import { findIpAddresses } from './detect/ip-addresses.ts';
import { phoneFinder } from './detect/phones.ts';
import type { Detector, Span } from './detect/span.ts';

export interface PiiOptions extends ConfiguredActions {
  readonly detect: readonly PiiKind[];
  readonly country?: CountryCode | undefined;
}

/** Looked at without letting others have a turn: a few milliseconds at the worst. */
const SLICE_CHARACTERS = 4_096;
/** Longer than anything that is looked for, so that nothing is missed where two slices meet. */
const OVERLAP_CHARACTERS = 400;

export const piiGuard = (options: PiiOptions): Guard => {
  const detectors = detectorsOf(options.country);
  const chosen = options.detect.map((kind) => [kind, detectors[kind]] as const);
  const inspectSlice = (text: string): (Span & { code: PiiKind })[] =>
    chosen.flatMap(([code, detect]) => detect(text).map((span) => ({ code, ...span })));
  return {
    name: 'pii',
    isRemote: false,
    onFailure: 'block',
    actionAt: actionsOf(options),
    inspect: async (pieces) => {
      const findings: Finding[] = [];
      for (const [piece, { text }] of pieces.entries()) {
        for (let from = 0; from === 0 || from + OVERLAP_CHARACTERS < text.length; from += SLICE_CHARACTERS) {
          if (from > 0) await turnOfOthers();
          const slice = text.slice(from, from + SLICE_CHARACTERS + OVERLAP_CHARACTERS);
          for (const { code, start, end } of inspectSlice(slice))
            findings.push({ piece, code, start: from + start, end: from + end });
        }
      }
      return { ok: true, findings };
    },
  };
};

const detectorsOf = (country: CountryCode | undefined): Record<PiiKind, Detector> => ({
  email: findEmails,
  phone: phoneFinder(country),
  card: findCards,
  iban: findIbans,
  ip: findIpAddresses,
});
