/** RFC 3339 in UTC. */
export const timestamp = (epochMs: number): string => new Date(epochMs).toISOString();

export const timestampOrNull = (epochMs: number | null | undefined): string | null =>
  epochMs === null || epochMs === undefined ? null : timestamp(epochMs);
