/** The run's state as tools read it, from what is stored. */
import { LRUCache } from 'lru-cache';
import { deepFreeze } from '../domain/arguments/deep-freeze.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { isWorkflowOrigin } from '../domain/core/ids.ts';
import { RunEvent } from '../domain/schemas/event.ts';
import { editsAfter, stateFrom } from '../domain/state/run-state.ts';
import type { DecidedEdits } from '../domain/state/run-state.ts';
import { readBlobs } from '../store/blobs.ts';
import type { Store } from '../store/database.ts';
import { readEvents } from '../store/events.ts';
import type { PinnedRun } from './pinned-run.ts';

export interface RunStates {
  /** False for most runs: they have none, and nobody can give them one. */
  mayHaveState(run: PinnedRun): boolean;
  /** Of a run that may have state, all of whose events are stored. */
  read(run: PinnedRun): Promise<JsonValue>;
}

/** What was read once is kept: a call reads only what is new. */
interface Known {
  readonly seq: number;
  readonly edits: readonly DecidedEdits[];
}

const MAX_RUNS = 1_000;
const PAGE = 1_000;

export const NO_STATE: JsonValue = Object.freeze({});

export const createRunStates = (store: Store): RunStates => {
  const cache = new LRUCache<string, Known>({ max: MAX_RUNS });

  const editsOf = async (run: PinnedRun): Promise<readonly DecidedEdits[]> => {
    const { tenant, project, runId } = run.start;
    const key = `${tenant}/${project}/${runId}`;
    let { seq, edits } = cache.get(key) ?? { seq: 0, edits: [] };
    for (;;) {
      const events = await readEvents(store, run.start, run.rootRunId, { after: seq, limit: PAGE, runId });
      for (const { origin, type, at, data, seq: place } of events) {
        const event = isWorkflowOrigin(origin) ? RunEvent.safeParse({ type, at, data }).data : undefined;
        if (event) edits = editsAfter(edits, event);
        seq = place;
      }
      if (events.length < PAGE) break;
    }
    cache.set(key, { seq, edits });
    return edits;
  };

  return {
    mayHaveState: ({ start, policy }) =>
      start.stateRef !== undefined || policy.some(({ rules }) => rules.some(({ rule }) => 'stateEditable' in rule)),
    async read(run) {
      const { tenant, stateRef } = run.start;
      const edits = await editsOf(run);
      const hashes = [...(stateRef ? [stateRef.sha256] : []), ...edits.map(({ ref }) => ref.sha256)];
      const contents = await readBlobs(store, tenant, hashes);
      const start = stateRef ? contents.get(stateRef.sha256) : NO_STATE;
      const state = stateFrom(
        start,
        edits.map(({ ref }) => contents.get(ref.sha256)),
      );
      return deepFreeze(structuredClone(state ?? NO_STATE));
    },
  };
};
