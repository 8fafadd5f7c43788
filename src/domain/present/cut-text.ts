const encoder = new TextEncoder();

export interface CutText {
  readonly text: string;
  readonly shownBytes: number;
  readonly totalBytes: number;
}

/** Of UTF-8; half a surrogate pair counts 3, as the replacement character that UTF-8 writes for it. */
export const utf8Bytes = (text: string): number => encoder.encode(text).length;

const utf8BytesOf = (codePoint: number): number => {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
};

/** The longest beginning of a text that ends between two characters and takes at most `maxBytes` in UTF-8. */
export function cutText(text: string, maxBytes: number): CutText {
  const totalBytes = utf8Bytes(text);
  if (totalBytes <= maxBytes) return { text, shownBytes: totalBytes, totalBytes };
  let shownBytes = 0;
  let end = 0;
  for (const character of text) {
    const bytes = utf8BytesOf(character.codePointAt(0) ?? 0);
    if (shownBytes + bytes > maxBytes) break;
    shownBytes += bytes;
    end += character.length;
  }
  return { text: text.slice(0, end), shownBytes, totalBytes };
}

/** Stands after a text that is cut. Its bracket is one that no presented text contains but in a token. */
export const cutNote = ({ shownBytes, totalBytes }: CutText): string =>
  `⟨cut: the first ${shownBytes} of ${totalBytes} bytes⟩`;
