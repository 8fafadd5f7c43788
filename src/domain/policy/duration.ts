import { z } from 'zod';

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** No clock of an approval runs longer than ten years. */
export const MAX_DURATION_MS = 3_650 * UNIT_MS.d;

/** A number of milliseconds, as stored. */
export const durationMsSchema = z.int().min(1).max(MAX_DURATION_MS);

/** A duration as people write it in files (`500ms`, `30s`, `15m`, `24h`, `7d`), read as milliseconds. */
export const durationSchema = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'A duration is a whole number and a unit: ms, s, m, h or d, like "24h"')
  .transform((text) => {
    const unit = text.replace(/^\d+/, '') as keyof typeof UNIT_MS;
    return Number.parseInt(text, 10) * UNIT_MS[unit];
  })
  .pipe(durationMsSchema);

/** As people write it, in the largest unit that it is a whole number of. */
export const durationText = (spanMs: number): string => {
  const [unit = 'ms', unitMs = 1] = Object.entries(UNIT_MS).findLast(([, ms]) => spanMs % ms === 0) ?? [];
  return `${spanMs / unitMs}${unit}`;
};
