/** Everything that was measured; what was not asked for is absent. */
import type { Conflicts } from './measures/conflicts.ts';
import type { LongRun } from './measures/long-run.ts';
import type { OneApproval } from './measures/one-approval.ts';
import type { ParkedMemory } from './measures/parked-memory.ts';
import type { StoredBytes } from './measures/stored-bytes.ts';
import type { Throughput } from './measures/throughput.ts';

export interface Results {
  readonly oneApproval?: OneApproval;
  readonly throughput?: Throughput;
  readonly parkedMemory?: ParkedMemory;
  readonly storedBytes?: StoredBytes;
  readonly longRun?: { readonly ours: LongRun; readonly floor: LongRun };
  readonly conflicts?: Conflicts;
}
