/**
 * Adds to each operation of the document what holds for all of them: the refusals that any request can meet, the headers
 * that any answer has, and an example of every body. Routes declare only what is particular about them.
 */
import { PROBLEMS, isProblemCode, problemType } from '../../contract/problem.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import { exampleOf, isObject } from './example-of.ts';
import type { JsonObject } from './example-of.ts';

const PROBLEM_TYPE = 'application/problem+json';

/** What any request can meet. */
const ALWAYS: readonly ProblemCode[] = ['malformed_request', 'invalid_request', 'host_not_allowed', 'internal_error'];
/** Of all but the question whether the process lives. */
const LIMITED: readonly ProblemCode[] = ['rate_limited', 'overloaded', 'shutting_down'];
const WITH_CREDENTIAL: readonly ProblemCode[] = [
  'unauthenticated',
  'project_not_allowed',
  'forbidden',
  'store_unavailable',
];
/** Of what may have a body. */
const WITH_BODY: readonly ProblemCode[] = [
  'malformed_json',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
];

const whole = (description: string): JsonObject => ({ description, schema: { type: 'integer', minimum: 0 } });

const HEADERS: JsonObject = {
  'x-request-id': { description: 'Names the request in the logs of the server', schema: { type: 'string' } },
  'ratelimit-limit': whole('Requests a minute, of the limit that has least left'),
  'ratelimit-remaining': whole('How many of them are left'),
  'ratelimit-reset': whole('Seconds until all are left again'),
  'retry-after': whole('Seconds after which to come again'),
  'countersign-data-age': whole(
    'Only while Temporal cannot be reached: seconds since this server last heard from it. What is told was stored by ' +
      'then or since; what has happened in Temporal and is not stored yet is missing.',
  ),
};

const named = (...names: readonly string[]): JsonObject =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** What the operations refer to. */
export function sharedComponents(schemas: JsonObject): JsonObject {
  for (const schema of Object.values(schemas)) {
    if (!isObject(schema) || schema['examples'] !== undefined) continue;
    const example = exampleOf(schema, schemas);
    if (example !== undefined) schema['examples'] = [example];
  }
  const examples = Object.keys(PROBLEMS)
    .filter(isProblemCode)
    .map((code) => [code, { summary: PROBLEMS[code].title, value: problemExample(code) }]);
  return { headers: HEADERS, examples: Object.fromEntries(examples) as JsonObject };
}

export interface CompleteOptions {
  readonly path: string;
  readonly method: string;
  readonly hasOptionalBody: boolean;
}

export function completeOperation(operation: JsonObject, options: CompleteOptions): void {
  const { path, method, hasOptionalBody } = options;
  const isPublic = Array.isArray(operation['security']);
  const responses = isObject(operation['responses']) ? operation['responses'] : {};
  addProblems(responses, [
    ...ALWAYS,
    ...(path === '/livez' ? (['shutting_down'] as const) : LIMITED),
    ...(isPublic ? [] : WITH_CREDENTIAL),
    ...(method === 'get' ? [] : WITH_BODY),
  ]);
  const isRead = method === 'get' && !isPublic;
  for (const [status, response] of Object.entries(responses)) {
    if (!isObject(response)) continue;
    response['headers'] = { ...headersOf(Number(status), path, isRead), ...objectIn(response, 'headers') };
  }
  const body = operation['requestBody'];
  if (isObject(body) && hasOptionalBody) body['required'] = false;
}

export const textIn = (of: JsonObject, name: string): string => {
  const value = of[name];
  return typeof value === 'string' ? value : '';
};

const objectIn = (of: JsonObject, name: string): JsonObject => {
  const value = of[name];
  return isObject(value) ? value : {};
};

function headersOf(status: number, path: string, isRead: boolean): JsonObject {
  return {
    ...named('x-request-id'),
    ...(path !== '/livez' &&
      (status < 400 || status === 429) &&
      named('ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset')),
    ...((status === 429 || status === 503) && named('retry-after')),
    ...(isRead && status < 400 && named('countersign-data-age')),
  };
}

/** The codes are listed in the description, each with an example. */
function addProblems(responses: JsonObject, codes: readonly ProblemCode[]): void {
  const declaredCodes = Object.entries(responses).flatMap(([status, response]) =>
    Number(status) >= 400 && isObject(response) ? codesIn(textIn(response, 'description')) : [],
  );
  const byStatus = Object.groupBy([...new Set([...declaredCodes, ...codes])], (code) => PROBLEMS[code].status);
  for (const [status, of = []] of Object.entries(byStatus)) {
    const declared = objectIn(responses, status);
    const content = objectIn(declared, 'content');
    const own = 'application/json' in content ? `${textIn(declared, 'description')}; ` : '';
    responses[status] = {
      ...declared,
      description: own + of.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('; '),
      content: {
        ...content,
        [PROBLEM_TYPE]: {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: Object.fromEntries(of.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
        },
      },
    };
  }
}

const codesIn = (description: string): ProblemCode[] =>
  [...description.matchAll(/`([a-z_]+)`:/g)].map(([, code = '']) => code).filter(isProblemCode);

function problemExample(code: ProblemCode): JsonObject {
  const { title, status, detail, next } = PROBLEMS[code];
  const requestId = 'req_5wq2kzr7mzq3c5dhbn4t6yafe2';
  return { type: problemType(code), title, status, detail, code, next, requestId };
}
