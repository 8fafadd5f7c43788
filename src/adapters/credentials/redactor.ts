/** Takes a secret out of whatever a tool returns or says, before any of it is stored. */
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { ResolvedCredential } from './credential-provider.ts';

export interface Redactor {
  text(text: string): string;
  /** A copy of the value with all its texts, keys too, redacted. */
  value(value: JsonValue): JsonValue;
}

const NOTHING: Redactor = { text: (text) => text, value: (value) => value };

/** What is shorter would be found by chance. */
const MIN_FORM_LENGTH = 6;

/**
 * How it reads within something that was encoded as a whole, `user:secret` for example: three bytes make four characters,
 * so there are three ways, and the characters at the edges belong to its neighbours.
 */
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const first = Math.ceil((offset * 8) / 6);
    const inner = text.slice(first, Math.floor(((offset + bytes.byteLength) * 8) / 6));
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

const formsOf = (value: string): string[] => {
  const bytes = Buffer.from(value, 'utf8');
  const url = encodeURIComponent(value.toWellFormed());
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    url,
    url.replaceAll('%20', '+'),
    url.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase()),
    new URLSearchParams({ v: value }).toString().slice(2),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64Forms(bytes),
  ];
};

/** As it is, and in base64, URL, JSON and hexadecimal form. */
export function createRedactor(credential: ResolvedCredential | undefined): Redactor {
  if (!credential) return NOTHING;
  const marker = `[credential ${credential.reference}]`;
  const forms = [...new Set(formsOf(credential.value))]
    .filter((form) => form.length >= MIN_FORM_LENGTH)
    .toSorted((a, b) => b.length - a.length);
  const text = (given: string): string => forms.reduce((done, form) => done.replaceAll(form, () => marker), given);
  const value = (given: JsonValue): JsonValue => {
    if (typeof given === 'string') return text(given);
    if (typeof given !== 'object' || given === null) return given;
    if (Array.isArray(given)) return given.map((one: JsonValue) => value(one));
    return Object.fromEntries(Object.entries(given).map(([key, one]) => [text(key), value(one)]));
  };
  return { text, value };
}
