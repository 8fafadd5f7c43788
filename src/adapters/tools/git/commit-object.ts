/** What a commit object says, cleaned for JSON: text is bounded and without control characters. */
export interface CommitObject {
  readonly author: string;
  /** RFC 3339 in UTC; empty where the commit holds no date that exists. */
  readonly authoredAt: string;
  readonly subject: string;
  readonly body: string;
  readonly parents: number;
}

const MAX_NAME_LENGTH = 200;
const MAX_SUBJECT_LENGTH = 300;
const MAX_BODY_LENGTH = 1000;

/** Reads the raw content of a commit object. Email addresses are left out: nobody asked to be in a model's prompt. */
export function parseCommitObject(content: Buffer): CommitObject {
  const end = content.indexOf('\n\n');
  const head = content.subarray(0, end < 0 ? content.byteLength : end).toString('latin1');
  const encoding = /^encoding (.+)$/m.exec(head)?.[1] ?? 'utf-8';
  const text = decode(content, encoding);
  const textEnd = text.indexOf('\n\n');
  const header = textEnd < 0 ? text : text.slice(0, textEnd);
  const message = textEnd < 0 ? '' : text.slice(textEnd + 2).trim();
  const author = /^author (.*?) ?<[^<>\n]*> (-?\d+) [+-]\d+$/m.exec(header);
  const lineEnd = message.indexOf('\n');
  return {
    author: clean(author?.[1] ?? '', MAX_NAME_LENGTH),
    authoredAt: isoTime(Number(author?.[2] ?? Number.NaN)),
    subject: clean(lineEnd < 0 ? message : message.slice(0, lineEnd), MAX_SUBJECT_LENGTH),
    body: clean(lineEnd < 0 ? '' : message.slice(lineEnd + 1).trim(), MAX_BODY_LENGTH),
    parents: header.match(/^parent /gm)?.length ?? 0,
  };
}

function decode(content: Buffer, encoding: string): string {
  try {
    return new TextDecoder(encoding).decode(content);
  } catch {
    return new TextDecoder().decode(content);
  }
}

function isoTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

/** Bounded text without control characters but tabs and line ends; never half of a surrogate pair. */
export function clean(text: string, maxLength: number): string {
  const plain = text.replaceAll('\r\n', '\n').replaceAll(/[^\P{Cc}\n\t]/gu, '\uFFFD');
  if (plain.length <= maxLength) return plain;
  return `${plain.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
