/** Checks requests by their zod schemas. What is wrong is told by place and rule; nothing of the request is repeated. */
import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import type { ProblemExtras } from '../../contract/problem.ts';
import { jsonPointer } from '../../domain/arguments/json-value.ts';
import { HttpProblem } from '../http-problem.ts';

type RequestError = NonNullable<ProblemExtras['errors']>[number];

const PARTS: Readonly<Record<string, string>> = {
  body: 'body',
  querystring: 'query',
  params: 'path',
  headers: 'header',
};

export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart = '' }) => {
  const part = PARTS[httpPart] ?? httpPart;
  const known = knownFields(schema);
  return (data: unknown) => {
    // Fastify gives null for a body that is not there.
    const result = schema.safeParse(data === null ? undefined : data);
    if (result.success) return { value: result.data };
    const errors = errorsIn(result.error, part, known);
    return { error: new HttpProblem('invalid_request', { extras: { errors } }) };
  };
};

const MAX_ERRORS = 20;

const errorsIn = ({ issues }: z.ZodError, part: string, known: readonly string[]): RequestError[] =>
  issues.slice(0, MAX_ERRORS).map((issue) => requestError(issue, part, known));

/** What is wrong where, for values that a route checks itself. */
export const requestErrors = (error: z.ZodError, part: string, schema: z.ZodType): RequestError[] =>
  errorsIn(error, part, knownFields(schema));

function knownFields(schema: z.ZodType): readonly string[] {
  if (schema instanceof z.ZodOptional) {
    const inner = schema.unwrap();
    return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function requestError(issue: z.core.$ZodIssue, part: string, known: readonly string[]): RequestError {
  const [first, ...rest] = issue.path;
  // Names below the first level may be the client's own words.
  const place = typeof first === 'string' && known.includes(first) ? [first, ...rest.filter(isIndex)] : [];
  return { in: part, pointer: jsonPointer(place), detail: explain(issue, known) };
}

const isIndex = (segment: PropertyKey): boolean => typeof segment === 'number';

function explain(issue: z.core.$ZodIssue, known: readonly string[]): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${issue.expected}`;
    case 'unrecognized_keys':
      return known.length === 0 ? 'takes no fields' : `has an unknown field; the fields are: ${known.join(', ')}`;
    case 'invalid_value':
      return `must be one of: ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return issue.pattern === undefined ? 'has the wrong form' : `must match ${issue.pattern}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'too_small':
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'custom':
      return issue.message;
    case 'invalid_key':
    case 'invalid_element':
      return 'has a name or value of the wrong form';
    case 'invalid_union':
    case 'not_multiple_of':
      return 'has the wrong form';
  }
}

const unitOf = (origin: string): string => {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
};
