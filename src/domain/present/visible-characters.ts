/**
 * What is never shown as itself: characters that draw nothing, draw a blank that is no space, reorder or command the
 * screen, or that the engine does not know (\p{C}: controls, format, surrogates, private use, unassigned), and the signs
 * this module writes with. U+2800 and U+1D159 are blank though Unicode calls them symbols.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}⟨⏎⇥]|(?! )\p{Zs}/u;
const COMBINING = /\p{M}/u;

/** Marks on one character that scripts and names need; a pile of more paints over other lines. */
const MAX_COMBINING_MARKS = 4;

/** Calls `emit` for each character with what shows it: itself, or where it must not be shown so, undefined. */
export function eachVisible(text: string, emit: (character: string, shown: string | undefined) => void): void {
  // A mark at the start, or after a sign of ours, would sit on what is not part of the text.
  let marks = MAX_COMBINING_MARKS;
  for (const character of text) {
    if (COMBINING.test(character)) {
      const hidden = marks >= MAX_COMBINING_MARKS || HIDDEN.test(character);
      if (!hidden) marks++;
      emit(character, hidden ? undefined : character);
    } else {
      const hidden = HIDDEN.test(character);
      marks = hidden ? MAX_COMBINING_MARKS : 0;
      emit(character, hidden ? undefined : character);
    }
  }
}

/** `⟨U+202E⟩`: the sign for a character that is not shown. The bracket itself is always shown so: no text can forge one. */
export function codePointToken(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `⟨U+${hex}⟩`;
}
