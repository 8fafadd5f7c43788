/** Why a run needs somebody, with what they must know to act. */
import type { Attention as AttentionView } from '../../contract/runs.ts';
import { concernsRun } from '../../domain/core/state.ts';
import type { Attention, CallState } from '../../domain/core/state.ts';
import type { AgentDefinition } from '../../domain/schemas/agent.ts';
import { readBlobs } from '../../store/blobs.ts';
import type { Store } from '../../store/database.ts';
import { getDefinition } from '../../store/definitions.ts';
import type { RunRow } from '../../store/run-rows.ts';
import { textOf } from '../views/content.ts';
import type { Contents } from '../views/content.ts';
import { parkedAttempt, parkedCallView } from './parked-call.ts';
import { projectRun } from './run-projection.ts';

interface Concern {
  readonly attention: Attention;
  readonly call: CallState | undefined;
}

export async function attentionsOf(store: Store, run: RunRow, nowMs: number): Promise<AttentionView[]> {
  if (run.status !== 'needs_attention') return [];
  const { state } = await projectRun(store, run);
  const concerns = (state.attentions ?? []).map((attention): Concern => ({
    attention,
    call: concernsRun(attention)
      ? undefined
      : state.calls.find(({ toolCallId }) => toolCallId === attention.toolCallId),
  }));
  const refs = concerns.flatMap(({ attention, call }) => [
    attention.reasonRef,
    attention.detailRef,
    call?.argumentsRef,
  ]);
  const [contents, definition] = await Promise.all([
    readBlobs(
      store,
      run.tenant,
      refs.flatMap((ref) => (ref ? [ref.sha256] : [])),
    ),
    getDefinition(store, run, run.agentDigest),
  ]);
  return Promise.all(concerns.map((concern) => attentionView(store, run, concern, { contents, definition, nowMs })));
}

interface Known {
  readonly contents: Contents;
  readonly definition: AgentDefinition | undefined;
  readonly nowMs: number;
}

async function attentionView(
  store: Store,
  run: RunRow,
  { attention, call }: Concern,
  { contents, definition, nowMs }: Known,
): Promise<AttentionView> {
  const { code, detail, reasonRef } = attention;
  const tool = definition?.tools.find(({ name }) => name === call?.tool);
  return {
    code,
    detail,
    reason: textOf(contents, reasonRef) ?? null,
    action: concernsRun(attention) ? 'unblock' : 'resolve',
    call: call
      ? parkedCallView({ attempt: await parkedAttempt(store, run, call), attention, tool, contents, nowMs })
      : null,
  };
}
