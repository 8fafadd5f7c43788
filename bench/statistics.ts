/** Middle and tail of samples. */

export interface Summary {
  readonly samples: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** The value below which this share of the samples lies, by the nearest rank. */
export const percentile = (samples: readonly number[], share: number): number => {
  const sorted = samples.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
};

export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

export const summaryOf = (samples: readonly number[]): Summary => ({
  samples: samples.length,
  p50: median(samples),
  p95: percentile(samples, 0.95),
  max: Math.max(...samples),
});
