/** Every way in which the API says no: one table. Codes are stable; pages in docs/errors explain each of them. */
import { z } from 'zod';
import { DecisionKind } from '../domain/schemas/approval.ts';
import { Digest } from '../domain/schemas/names.ts';
import { RunStatus } from '../domain/schemas/run.ts';
import { ACCESS } from './problems/access.ts';
import { BAD_REQUEST } from './problems/bad-request.ts';
import { CONFLICT } from './problems/conflict.ts';
import { GONE } from './problems/gone.ts';
import { MISSING } from './problems/missing.ts';
import { PROTOCOL } from './problems/protocol.ts';
import { SERVER } from './problems/server.ts';
import { UNPROCESSABLE } from './problems/unprocessable.ts';

export const PROBLEMS = {
  ...BAD_REQUEST,
  ...ACCESS,
  ...MISSING,
  ...PROTOCOL,
  ...CONFLICT,
  ...GONE,
  ...UNPROCESSABLE,
  ...SERVER,
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** Where the page about a code is served, and what `type` links to. */
export const problemType = (code: string): string => `/docs/errors/${code}`;

/** An RFC 9457 problem. `code` is what programs branch on; more fields and codes may be added. */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'Page about the code, relative to the API', example: '/docs/errors/expired' }),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable', example: 'expired' }),
    next: z.string().meta({ description: 'What to do' }),
    requestId: z.string().meta({ description: 'Names the request in the logs of the server' }),
    errors: z
      .array(z.object({ in: z.string(), pointer: z.string(), detail: z.string() }))
      .optional()
      .meta({ description: 'What is wrong where' }),
    winner: z
      .object({ decisionId: z.string(), decision: DecisionKind, principal: z.string() })
      .optional()
      .meta({ description: 'already_decided, already_voted: the decision that stands' }),
    claim: z
      .object({ by: z.string(), until: z.string() })
      .optional()
      .meta({ description: 'claimed: who is looking at it' }),
    currentStatus: z.string().optional(),
    currentRevision: z.number().int().optional(),
    currentDigest: Digest.optional().meta({
      description: 'digest_mismatch, superseded: of what is pending now, if anything',
    }),
    runStatus: RunStatus.optional(),
    runId: z.string().optional(),
    eventSeq: z.number().int().optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

/** Fields of a problem that only some codes have. */
export type ProblemExtras = Partial<
  Pick<
    Problem,
    | 'errors'
    | 'winner'
    | 'claim'
    | 'currentStatus'
    | 'currentRevision'
    | 'currentDigest'
    | 'runStatus'
    | 'runId'
    | 'eventSeq'
  >
>;
