/**
 * The run's state as tools read it: what it was started with, and what winning decisions have set since, in the order of
 * their events. What was read once is kept, so a call reads only what is new.
 */
import { LRUCache } from 'lru-cache';
import { deepFreeze } from '../domain/arguments/deep-freeze.ts';
import type { JsonValue } from '../domain/arguments/canonical-json.ts';
import { isWorkflowOrigin } from '../domain/core/ids.ts';
import { applyStateEdits } from '../domain/state/apply-state-edits.ts';
import { StateEditsContent } from '../domain/schemas/content.ts';
import type { NumberedEvent } from '../domain/schemas/event.ts';
import { BlobRef } from '../domain/schemas/names.ts';
import { readBlobs } from '../store/blobs.ts';
import type { Store } from '../store/database.ts';
import { readEvents } from '../store/events.ts';
import type { PinnedRun } from './pinned-run.ts';

export interface RunStates {
  /** `riding`: events that the store does not have yet. */
  read(run: PinnedRun, riding: readonly NumberedEvent[]): Promise<JsonValue>;
}

interface Known {
  readonly seq: number;
  /** The workflow's events up to this one are in. */
  readonly ordinal: number;
  readonly state: JsonValue;
}

const MAX_RUNS = 1_000;
const PAGE = 1_000;
const EMPTY: JsonValue = Object.freeze({});

const editsRefIn = (event: { readonly type: string; readonly data: object }): BlobRef | undefined =>
  event.type === 'approval.decided' && 'stateEditsRef' in event.data
    ? BlobRef.safeParse(event.data.stateEditsRef).data
    : undefined;

/** Most runs have none, and nobody can give them one. */
const mayHaveState = ({ start, policy }: PinnedRun): boolean =>
  start.stateRef !== undefined || policy.some(({ rules }) => rules.some(({ rule }) => 'stateEditable' in rule));

export const createRunStates = (store: Store): RunStates => {
  const cache = new LRUCache<string, Known>({ max: MAX_RUNS });

  const apply = async (tenant: string, state: JsonValue, refs: readonly BlobRef[]): Promise<JsonValue> => {
    if (refs.length === 0) return state;
    const hashes = refs.map((ref) => ref.sha256);
    const content = await readBlobs(store, tenant, hashes);
    return hashes.reduce((before, hash) => {
      const edits = StateEditsContent.safeParse(content.get(hash)).data;
      const result = edits && applyStateEdits(before, edits);
      // The bridge refuses edits that do not apply; one that an earlier edit has made void changes nothing.
      return result?.ok ? result.state : before;
    }, state);
  };

  const beginning = async ({ start }: PinnedRun): Promise<Known> => {
    const { tenant, stateRef } = start;
    const content = stateRef && (await readBlobs(store, tenant, [stateRef.sha256]));
    return { seq: 0, ordinal: 0, state: (stateRef && content?.get(stateRef.sha256)) ?? EMPTY };
  };

  const stored = async (run: PinnedRun): Promise<Known> => {
    const { tenant, project, runId } = run.start;
    const key = `${tenant}/${project}/${runId}`;
    let known = cache.get(key) ?? (await beginning(run));
    for (;;) {
      const events = await readEvents(store, run.start, run.rootRunId, { after: known.seq, limit: PAGE, runId });
      const last = events.at(-1);
      if (!last) return known;
      const refs = events.flatMap((event) => editsRefIn(event) ?? []);
      const ordinals = events.filter((event) => isWorkflowOrigin(event.origin)).map((event) => event.ordinal);
      const state = await apply(tenant, known.state, refs);
      known = { seq: last.seq, ordinal: Math.max(known.ordinal, ...ordinals), state };
      cache.set(key, known);
      if (events.length < PAGE) return known;
    }
  };

  return {
    async read(run, riding) {
      if (!mayHaveState(run)) return EMPTY;
      const known = await stored(run);
      const refs = riding.flatMap(({ ordinal, event }) => (ordinal > known.ordinal ? (editsRefIn(event) ?? []) : []));
      return deepFreeze(structuredClone(await apply(run.start.tenant, known.state, refs)));
    },
  };
};
