/** Part of a text: UTF-16 code units, `end` excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Takes time in proportion to the text, whatever is in it. */
export type Detector = (text: string) => readonly Span[];
