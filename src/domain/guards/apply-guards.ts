/** Puts a person's words before the guards, one after the other: each sees what the ones before have left. */
import type { Guard, GuardName, GuardNotice, TextPiece } from './guard.ts';
import { mergeSpans, redact } from './redact.ts';

/** A place that does not pass. */
export interface RefusedText {
  readonly guard: GuardName;
  readonly pointer: string;
  readonly codes: readonly string[];
}

export type GuardedPieces =
  | { readonly ok: true; readonly pieces: readonly TextPiece[]; readonly notices: readonly GuardNotice[] }
  | { readonly ok: false; readonly refused: readonly RefusedText[] }
  /** A guard could not tell, and must not be passed by. */
  | { readonly ok: false; readonly unavailable: GuardName; readonly reason: string };

export async function applyGuards(guards: readonly Guard[], given: readonly TextPiece[]): Promise<GuardedPieces> {
  let pieces = given;
  const notices: GuardNotice[] = [];
  for (const guard of guards) {
    const looked = pieces.filter(({ place }) => guard.actionAt(place) !== 'off');
    if (looked.length === 0) continue;
    const inspection = await guard.inspect(looked);
    if (!inspection.ok) {
      if (guard.onFailure === 'block') return { ok: false, unavailable: guard.name, reason: inspection.reason };
      for (const where of new Set(looked.map(({ place }) => place)))
        notices.push({ where, guard: guard.name, action: 'skip', count: 1 });
      continue;
    }
    const findings = Map.groupBy(inspection.findings, ({ piece }) => piece);
    const judged = looked.map((piece, index) => judge(guard, piece, mergeSpans(findings.get(index) ?? [])));
    const refused = judged.flatMap((one) => one.refused ?? []);
    if (refused.length > 0) return { ok: false, refused };
    notices.push(...summary(judged.flatMap((one) => one.notice ?? [])));
    const changed = new Map(looked.map((piece, index) => [piece, judged[index]?.piece ?? piece]));
    pieces = pieces.map((piece) => changed.get(piece) ?? piece);
  }
  return { ok: true, pieces, notices };
}

interface JudgedPiece {
  readonly refused?: RefusedText;
  readonly notice?: GuardNotice;
  readonly piece?: TextPiece;
}

function judge({ name, actionAt }: Guard, piece: TextPiece, spans: ReturnType<typeof mergeSpans>): JudgedPiece {
  if (spans.length === 0) return {};
  const { place, pointer, kind, text } = piece;
  const action = actionAt(place);
  if (action === 'flag') return { notice: { where: place, guard: name, action, count: spans.length } };
  // A key or a number cannot be changed without changing what the value is.
  if (action !== 'redact' || kind !== 'text')
    return { refused: { guard: name, pointer, codes: [...new Set(spans.map(({ code }) => code))] } };
  return {
    notice: { where: place, guard: name, action, count: spans.length },
    piece: { ...piece, text: redact(text, spans) },
  };
}

/** One notice for each kind of text and action. */
function summary(notices: readonly GuardNotice[]): GuardNotice[] {
  const groups = Map.groupBy(notices, ({ where, action }) => `${where} ${action}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ ...first, count: group.reduce((sum, { count }) => sum + count, 0) }] : [];
  });
}
