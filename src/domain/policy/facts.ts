import { z } from 'zod';
import { isJsonValue } from '../arguments/json-value.ts';
import type { JsonValue } from '../arguments/json-value.ts';

const count = z.int().min(0);
const jsonValue = z.custom<JsonValue>(isJsonValue, 'Not a JSON value');

/**
 * All that a rule's condition sees. Nothing in it can be written by the model, the requester or an approver beyond the
 * call itself (`args`). It is recorded with the verdict, and the gate evaluates the record again.
 */
export const policyFactsSchema = z.strictObject({
  /** The canonical arguments of the call. */
  args: jsonValue,
  tool: z.strictObject({
    name: z.string(),
    source: z.string(),
    effect: z.enum(['none', 'idempotent', 'once']),
    annotations: z.record(z.string(), jsonValue).optional(),
  }),
  run: z.strictObject({
    agent: z.string(),
    depth: count,
    turn: count,
    /** RFC 3339; a timestamp to conditions. */
    startedAt: z.iso.datetime({ offset: true }),
  }),
  requester: z.strictObject({ principal: z.string(), groups: z.array(z.string()) }),
  usage: z.strictObject({ inputTokens: count, outputTokens: count, turns: count, toolCalls: count }),
});
export type PolicyFacts = z.infer<typeof policyFactsSchema>;
