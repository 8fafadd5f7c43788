import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { ModelPort } from './model-port.ts';
import { scriptedModel } from './scripted-model.ts';
import type { ScriptedTurn } from './scripted-model.ts';

/** An event of a recorded run, as the API gives it. */
export interface RecordedEvent {
  readonly type: string;
  readonly data: { readonly [key: string]: unknown };
  readonly content?:
    | {
        readonly text?: string | undefined;
        readonly reasoning?: string | undefined;
        readonly calls?: readonly { readonly tool: string; readonly arguments?: unknown }[] | undefined;
      }
    | undefined;
}

const turnOf = ({ content }: RecordedEvent): ScriptedTurn => ({
  text: content?.text ?? '',
  calls: (content?.calls ?? []).map(({ tool, arguments: args }) => ({
    tool,
    // What could not be read then is not recorded as a value: it cannot be read now either.
    argumentsText: args === undefined ? 'not recorded' : JSON.stringify(args as JsonValue),
  })),
  ...(content?.reasoning !== undefined && { reasoning: content.reasoning }),
});

/**
 * A model that says again what one said in a recorded run: the events of `GET /v1/runs/{runId}/events` as JSON. It calls
 * no network and heeds nothing it is told, so a changed tool or policy is tried against the same wishes.
 */
export const replayModel = (run: readonly RecordedEvent[] | { readonly data: readonly RecordedEvent[] }): ModelPort => {
  const events = 'data' in run ? run.data : run;
  return scriptedModel(events.filter(({ type }) => type === 'message.completed').map(turnOf));
};
