/** What the process that parks runs is told, and tells. */
export interface ParkOrder {
  readonly postgresUrl: string;
  readonly temporalAddress: string;
  readonly parkedBefore: number;
  readonly parkedRuns: number;
}

export interface ParkReport {
  readonly maxCachedWorkflows: number;
  /** Of the process with API and worker, once its cache is full; and after so many more runs were parked. */
  readonly rssBytesBefore: number;
  readonly rssBytesAfter: number;
  /** JavaScript alone, after a garbage collection. */
  readonly heapBytesBefore: number;
  readonly heapBytesAfter: number;
}
