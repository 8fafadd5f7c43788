/** A run of classic execution is answered with its end: whoever asks for it holds the request open until then. */
import { isFinished } from '../../domain/core/run-status.ts';
import { getDefinition } from '../../store/definitions.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { Api } from '../dependencies.ts';
import type { AnyReply } from '../server-type.ts';
import { preferredWaitSeconds, prefersAsynchrony } from '../streams/accepts.ts';
import { clientGone } from '../streams/client-gone.ts';
import { awaitRun } from './await-run.ts';

/** For what was under way to be stopped and recorded once the run's own time is over. */
const MARGIN_MS = 10_000;

type Prefer = string | string[] | undefined;

/** `Prefer: wait=N` shortens it, `respond-async` answers at once. A client that goes away changes nothing for the run. */
export async function awaitEnd(api: Api, reply: AnyReply, run: RunRow, prefer: Prefer): Promise<RunRow> {
  reply.header('vary', 'Prefer');
  const seconds = preferredWaitSeconds(prefer);
  if (seconds === undefined && prefersAsynchrony(prefer)) {
    reply.header('preference-applied', 'respond-async');
    return run;
  }
  if (isFinished(run.status)) return run;
  const limits = (await getDefinition(api.store, run, run.agentDigest))?.limits;
  const limitMs = (limits?.requestTimeoutMs ?? 0) + MARGIN_MS;
  const timeoutMs = seconds === undefined ? limitMs : Math.min(seconds * 1_000, limitMs);
  if (seconds !== undefined) reply.header('preference-applied', `wait=${Math.floor(timeoutMs / 1_000)}`);
  // Connections may be silent for less than that; the server sets its own time again with the next request.
  reply.raw.socket?.setTimeout(timeoutMs + MARGIN_MS);
  return awaitRun(api, run, isFinished, { timeoutMs, signal: AbortSignal.any([clientGone(reply), api.closing]) });
}
