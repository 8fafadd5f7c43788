import { AUDIT_MEDIA_TYPES } from '../../../contract/audit.ts';
import type { AuditFormat } from '../../../contract/audit.ts';

const FORMATS: Readonly<Record<string, AuditFormat>> = {
  [AUDIT_MEDIA_TYPES.jsonl]: 'jsonl',
  'application/x-ndjson': 'jsonl',
  [AUDIT_MEDIA_TYPES.cloudevents]: 'cloudevents',
  [AUDIT_MEDIA_TYPES.cloudeventsBatch]: 'cloudeventsBatch',
};

/** What the client likes best of what there is; who names none of it gets what can be verified. */
export function acceptedFormat(accept: string | undefined): AuditFormat {
  const named = (accept ?? '').split(',').flatMap((part) => {
    const [type = '', ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase());
    const format = FORMATS[type];
    const quality = parameters.find((parameter) => parameter.startsWith('q='));
    const value = quality === undefined ? 1 : Number(quality.slice(2)) || 0;
    return format && value > 0 ? [{ format, value }] : [];
  });
  return named.toSorted((one, two) => two.value - one.value)[0]?.format ?? 'jsonl';
}
