/** What a text column, or JSON handed to PostgreSQL, cannot hold: NUL and halves of surrogate pairs. */
const UNSTORABLE = /\0|\p{Surrogate}/gu;

/** Puts the replacement character there, one code unit for one, so that no message can make a write fail. */
export const storableText = (text: string): string => text.replace(UNSTORABLE, '\uFFFD');
