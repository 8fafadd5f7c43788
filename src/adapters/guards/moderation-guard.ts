/** Asks a service of the deployment's own what it thinks of a text, over HTTP. */
import type { Guard, Inspection, TextPiece } from '../../domain/guards/guard.ts';
import { actionsOf } from './actions.ts';
import type { ConfiguredActions } from './actions.ts';
import { moderationRequest, readModerationAnswer } from './moderation-protocol.ts';

export interface ModerationOptions extends ConfiguredActions {
  readonly url: string;
  readonly onFailure: 'block' | 'allow';
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly token?: string | undefined;
}

/** A service that says more than this says too much. */
const ANSWER_MAX_BYTES = 1_048_576;

export const moderationGuard = (options: ModerationOptions): Guard => ({
  name: 'moderation',
  isRemote: true,
  onFailure: options.onFailure,
  actionAt: actionsOf(options),
  inspect: async (pieces) => {
    // A long number says nothing that a moderator could judge, and an empty text has no place to point at.
    const asked = [...pieces.entries()].filter(([, { kind, text }]) => kind !== 'number' && text !== '');
    if (asked.length === 0) return { ok: true, findings: [] };
    const inspection = await ask(
      options,
      asked.map(([, piece]) => piece),
    );
    if (!inspection.ok) return inspection;
    return {
      ok: true,
      findings: inspection.findings.map((finding) => ({ ...finding, piece: asked[finding.piece]?.[0] ?? 0 })),
    };
  },
});

async function ask({ url, timeoutMs, token }: ModerationOptions, pieces: readonly TextPiece[]): Promise<Inspection> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: moderationRequest(pieces),
      // Text goes to the address that was configured, and to no other.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return { ok: false, reason: `http_${response.status}` };
    }
    const body = await readAtMost(response, ANSWER_MAX_BYTES);
    const findings = body === undefined ? undefined : readModerationAnswer(body, pieces);
    if (findings) return { ok: true, findings };
    return { ok: false, reason: body === undefined ? 'answer_too_large' : 'answer_malformed' };
  } catch (error) {
    // Nothing of the error but its kind: its text could hold some of what was sent.
    return { ok: false, reason: error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'unreachable' };
  }
}

/** Undefined where it is longer; the rest is not read. */
async function readAtMost(response: Response, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the body.
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
