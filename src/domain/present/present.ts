import { cutNote, cutText } from './cut-text.ts';
import { codePointToken, eachVisible } from './visible-characters.ts';

export interface PresentOptions {
  /** Of the given text in UTF-8; a longer one is cut, with a note that says so. Whole by default. */
  readonly maxBytes?: number;
}

/**
 * Text of a model, a tool or a stranger, for a person to read, several lines long. Line breaks are kept; every other
 * control, bidirectional, invisible or blank character is written out as `⟨U+202E⟩`, a tab as `⇥`. Distinct texts look
 * distinct. Nothing is interpreted: no markup, no links.
 */
export const presentText = (text: string, options: PresentOptions = {}): string => present(text, options, '\n');

/** The same on one line, for table cells and sentences: a line break is shown as `⏎`. */
export const presentInline = (text: string, options: PresentOptions = {}): string => present(text, options, '⏎');

function present(text: string, { maxBytes = Number.POSITIVE_INFINITY }: PresentOptions, lineBreak: string): string {
  const cut = cutText(text, maxBytes);
  const parts: string[] = [];
  eachVisible(cut.text, (character, shown) => {
    if (shown !== undefined) parts.push(shown);
    else if (character === '\n') parts.push(lineBreak);
    else if (character === '\t') parts.push('⇥');
    else parts.push(codePointToken(character));
  });
  if (cut.shownBytes < cut.totalBytes) parts.push(cutNote(cut));
  return parts.join('');
}
