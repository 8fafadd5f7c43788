/** Text that is longer than its kind may be. Of a value with several texts, all of them together. */
import type { Finding, Guard, TextPiece, TextPlace } from '../../domain/guards/guard.ts';
import { actionsOf } from './actions.ts';
import type { ConfiguredActions } from './actions.ts';

export interface SizeOptions extends ConfiguredActions {
  /** Characters. */
  readonly limits: Readonly<Partial<Record<TextPlace, number>>>;
}

export const sizeGuard = (options: SizeOptions): Guard => ({
  name: 'size',
  isRemote: false,
  onFailure: 'block',
  actionAt: actionsOf(options),
  inspect: async (pieces) => ({ ok: true, findings: tooLong(pieces, options.limits) }),
});

/** What lies beyond the limit, from the piece on in which it is passed. */
function tooLong(pieces: readonly TextPiece[], limits: SizeOptions['limits']): Finding[] {
  const used = new Map<TextPlace, number>();
  return pieces.flatMap(({ place, text }, piece) => {
    const before = used.get(place) ?? 0;
    used.set(place, before + text.length);
    const limit = limits[place];
    if (limit === undefined) return [];
    const left = Math.max(0, limit - before);
    return text.length > left ? [{ piece, code: 'cut', start: left, end: text.length }] : [];
  });
}
