const UNITS: readonly (readonly [ms: number, name: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
];

/** A span in its two largest units: `23 h 59 min`. */
export function duration(spanMs: number): string {
  const at = UNITS.findIndex(([ms]) => spanMs >= ms);
  const [large, small] = UNITS.slice(at);
  if (at < 0 || !large) return '0 s';
  const [largeMs, name] = large;
  const count = Math.floor(spanMs / largeMs);
  const rest = small ? Math.floor((spanMs % largeMs) / small[0]) : 0;
  return small && rest > 0 ? `${count} ${name} ${rest} ${small[1]}` : `${count} ${name}`;
}

/** How far from now: `in 2 h`, `3 min ago`. */
export function relative(timestamp: string, nowMs: number): string {
  const spanMs = Date.parse(timestamp) - nowMs;
  return spanMs >= 0 ? `in ${duration(spanMs)}` : `${duration(-spanMs)} ago`;
}

/** To the second, in the reader's own zone, which it names: `2026-03-14 10:26:53 GMT+1`. */
export const absolute = (timestamp: string): string =>
  new Date(timestamp).toLocaleString('sv-SE', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
  });

/** Time of day for lines of a stream. */
export const timeOfDay = (timestamp: string): string => new Date(timestamp).toLocaleTimeString('sv-SE');
