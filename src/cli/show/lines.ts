/** Lines of text that keep their place: what is too long for the screen goes on where no line of ours could begin. */

const TOKEN_OR_CHARACTER = /⟨U\+[0-9A-F]+⟩|\P{M}\p{M}*|\p{M}/gu;

/** Columns of a terminal, counted generously: what is not ASCII may be drawn two wide. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += character <= '\u007e' ? 1 : 2;
  return width;
}

/** Parts that must not be torn: a sign for a hidden character, a character with its marks. */
export const unitsOf = (text: string): readonly string[] => text.match(TOKEN_OR_CHARACTER) ?? [];

/** Cuts presented text of one line into pieces that fit, between words where that wastes little. Nothing is left out. */
export function wrap(text: string, columns: number): readonly string[] {
  const pieces: string[] = [];
  let piece: string[] = [];
  let width = 0;
  const cutAt = (at: number) => {
    pieces.push(piece.slice(0, at).join(''));
    piece = piece.slice(at);
    width = widthOf(piece.join(''));
  };
  for (const unit of unitsOf(text)) {
    const unitWidth = widthOf(unit);
    if (width + unitWidth > columns && piece.length > 0) {
      const afterSpace = piece.lastIndexOf(' ') + 1;
      cutAt(afterSpace > piece.length / 2 ? afterSpace : piece.length);
    }
    piece.push(unit);
    width += unitWidth;
  }
  return [...pieces, piece.join('')];
}
