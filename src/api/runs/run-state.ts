/** The run's state: as given at the start, and as decisions that won have set it since, in order. */
import type { AgentDefinition } from '../../domain/schemas/agent.ts';
import { stateFrom } from '../../domain/state/run-state.ts';
import type { RunStateValue } from '../../domain/state/run-state.ts';
import { readBlobs } from '../../store/blobs.ts';
import type { Store } from '../../store/database.ts';
import { getDefinition } from '../../store/definitions.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { mayBeHandedOver } from './acting-agent.ts';
import { projectRun, startOf } from './run-projection.ts';

const editable = new WeakMap<AgentDefinition, boolean>();

/** As far as it is kept: an erased state is as empty as none. */
export const runState = async (store: Store, run: RunRow): Promise<RunStateValue> =>
  (await findRunState(store, run)) ?? {};

/** Undefined where part of it is erased. */
export async function findRunState(store: Store, run: RunRow): Promise<RunStateValue | undefined> {
  const { stateRef } = startOf(run);
  const edits = (await mayBeEdited(store, run)) ? (await projectRun(store, run)).stateEdits : [];
  const refs = [...(stateRef ? [stateRef] : []), ...edits.map(({ ref }) => ref)];
  if (refs.length === 0) return {};
  const contents = await readBlobs(
    store,
    run.tenant,
    refs.map(({ sha256 }) => sha256),
  );
  const start = stateRef ? contents.get(stateRef.sha256) : {};
  return stateFrom(
    start,
    edits.map(({ ref }) => contents.get(ref.sha256)),
  );
}

/** What no rule of the pinned policy lists can be set by nobody: most runs need not be looked through. */
async function mayBeEdited(store: Store, run: RunRow): Promise<boolean> {
  const definition = await getDefinition(store, run, run.agentDigest);
  if (!definition || mayBeHandedOver(definition)) return true;
  const known = editable.get(definition) ?? JSON.stringify(definition.policy).includes('"stateEditable"');
  editable.set(definition, known);
  return known;
}
