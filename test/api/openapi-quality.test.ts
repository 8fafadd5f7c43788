// S3.16 What a reader of the document needs of every operation.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { OPENAPI_FILE } from '../../src/api/openapi-document.ts';

const Media = z.looseObject({
  schema: z.looseObject({ $ref: z.string().optional() }).optional(),
  examples: z.unknown().optional(),
});
const Answer = z.looseObject({
  content: z.record(z.string(), Media).optional(),
  headers: z.record(z.string(), z.unknown()),
});
const Operation = z.looseObject({
  operationId: z.string(),
  summary: z.string().optional(),
  description: z.string().optional(),
  security: z.array(z.unknown()).optional(),
  requestBody: z.looseObject({ content: z.record(z.string(), Media) }).optional(),
  responses: z.record(z.string(), Answer),
});
const document = z
  .looseObject({
    paths: z.record(z.string(), z.record(z.string(), Operation)),
    components: z.looseObject({
      schemas: z.record(z.string(), z.looseObject({ examples: z.array(z.unknown()).optional() })),
    }),
  })
  .parse(JSON.parse(await readFile(OPENAPI_FILE, 'utf8')));

const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
const isPublic = ({ security }: z.infer<typeof Operation>) => security !== undefined;
const hasExample = ({ schema }: z.infer<typeof Media>) => {
  const { examples } = document.components.schemas[schema?.$ref?.split('/').at(-1) ?? ''] ?? {};
  return (examples?.length ?? 0) > 0;
};

test.each(operations)(
  'S3.16 $operationId says what it is, when to use it, and every answer it can give',
  (operation) => {
    const { summary = '', description = '', responses, requestBody } = operation;
    expect([summary.length > 5, description.length > 20]).toEqual([true, true]);
    const statuses = Object.keys(responses);
    const expected = isPublic(operation) ? ['500', '503'] : ['401', '403', '429', '500', '503'];
    expect(expected.filter((status) => !statuses.includes(status))).toEqual([]);
    for (const [status, { content = {}, headers }] of Object.entries(responses)) {
      expect(Object.keys(headers)).toContain('x-request-id');
      if (status === '429' || status === '503') expect(Object.keys(headers)).toContain('retry-after');
      const { 'application/json': json, 'application/problem+json': problem } = content;
      if (json) expect([status, hasExample(json)]).toEqual([status, true]);
      if (problem) expect([status, problem.examples]).toEqual([status, expect.anything()]);
    }
    const body = requestBody?.content['application/json'];
    if (body) expect(hasExample(body)).toBe(true);
  },
);
