/** The page, from the tables and the answers. */
import type { ProblemKind } from '../../../src/contract/problems/problem-kind.ts';
import { ACCESS } from '../../../src/contract/problems/access.ts';
import { BAD_REQUEST } from '../../../src/contract/problems/bad-request.ts';
import { CONFLICT } from '../../../src/contract/problems/conflict.ts';
import { GONE } from '../../../src/contract/problems/gone.ts';
import { MISSING } from '../../../src/contract/problems/missing.ts';
import { PROTOCOL } from '../../../src/contract/problems/protocol.ts';
import { SERVER } from '../../../src/contract/problems/server.ts';
import { UNPROCESSABLE } from '../../../src/contract/problems/unprocessable.ts';
import { access } from './access.ts';
import { badRequest } from './bad-request.ts';
import { conflict } from './conflict.ts';
import type { CurlAnswer, CurlRequest } from './curl.ts';
import { commandOf } from './curl.ts';
import { gone } from './gone.ts';
import { missing } from './missing.ts';
import { protocol } from './protocol.ts';
import type { Refusal, Unprovoked } from './refusal.ts';
import { server } from './server.ts';
import { unprocessable } from './unprocessable.ts';

interface Family {
  readonly title: string;
  readonly kinds: Readonly<Record<string, ProblemKind>>;
  readonly refusals: Readonly<Record<string, Refusal | Unprovoked>>;
}

/** As in src/contract/problems, by status. */
export const FAMILIES: readonly Family[] = [
  { title: '400: the request itself is at fault', kinds: BAD_REQUEST, refusals: badRequest },
  { title: '401, 403: who asks may not', kinds: ACCESS, refusals: access },
  { title: '404: no such thing, or not for who asks', kinds: MISSING, refusals: missing },
  { title: '405, 408, 413, 415, 421, 431: HTTP itself', kinds: PROTOCOL, refusals: protocol },
  { title: '409: it does not go with what stands', kinds: CONFLICT, refusals: conflict },
  { title: '410: too late', kinds: GONE, refusals: gone },
  { title: '422: well formed, and yet not acceptable', kinds: UNPROCESSABLE, refusals: unprocessable },
  { title: '429, 503: not now', kinds: SERVER, refusals: server },
];

const INTRODUCTION = `# Refusals

Every way in which the [HTTP API](http-api.md) says no, as \`curl -i\` shows it. The answers are those of the running API: a test asks for each of them and compares. \`$api\` is the server, \`$key\` an API key of a person with all roles unless it says otherwise. Of the headers there are those that matter for the refusal, the JSON is indented, and what is different each time (ids, times, digests) is shown as \`…\`.

What all of them have: \`code\` is what a program branches on, \`next\` what to do, \`type\` a page about the code, \`requestId\` the name of the request in the logs of the server. A refused request has changed nothing, but for 503 [\`temporal_unavailable\`](../errors/temporal_unavailable.md) that names a run.
`;

const ALWAYS = ['content-type', 'www-authenticate', 'allow', 'retry-after'];
const OF_RATES = ['ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'];

/** What is different each time. */
const stable = (text: string): string =>
  text
    .replaceAll(/\b(run|req|dec|cmd|brk|byp|grant|dlg|task)_[a-z2-7]{26}\b/g, '$1_…')
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'sha256:…')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '…')
    .replaceAll(/\/v1\/keys\/[a-z2-7]{16}/g, '/v1/keys/…');

const link = (code: string): string => `[\`${code}\`](../errors/${code}.md)`;

/** One code of the page. */
export function transcriptOf(
  code: string,
  given: string | undefined,
  request: CurlRequest,
  answer: CurlAnswer,
): string {
  const ofRates = code === 'rate_limited';
  const shown = new Set(ofRates ? [...ALWAYS, ...OF_RATES] : ALWAYS);
  const headers = answer.headers
    .filter(([name]) => shown.has(name))
    .map(([name, value]) => `${name}: ${ofRates && /-after$|-reset$/.test(name) ? '…' : value}`);
  const told = [
    `$ ${commandOf(request)}`,
    answer.statusLine,
    ...headers,
    '',
    JSON.stringify(JSON.parse(answer.body), undefined, 2),
  ];
  const words = given === undefined ? '' : `${given}\n\n`;
  return `### ${link(code)}\n\n${words}\`\`\`console\n${stable(told.join('\n'))}\n\`\`\`\n`;
}

/** Every code, with what was asked and answered, or why nobody can ask. */
export function pageOf(transcripts: ReadonlyMap<string, string>): string {
  const parts = FAMILIES.map(({ title, kinds }) =>
    [`## ${title}\n`, ...Object.keys(kinds).flatMap((code) => transcripts.get(code) ?? [])].join('\n'),
  );
  const rest = FAMILIES.flatMap(({ kinds, refusals }) =>
    Object.entries(kinds).flatMap(([code, { status }]) => {
      const refusal = refusals[code];
      return refusal && 'because' in refusal ? [`- ${link(code)}, ${status}. ${refusal.because}`] : [];
    }),
  );
  return [INTRODUCTION, ...parts, '## Not to be had by asking\n', `${rest.join('\n')}\n`].join('\n');
}
