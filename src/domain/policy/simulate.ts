import { z } from 'zod';
import type { CompiledLayer } from './compile.ts';
import { evaluatePolicy } from './evaluate.ts';
import type { Verdict } from './evaluate.ts';
import { policyFactsSchema } from './facts.ts';
import type { PolicyFacts } from './facts.ts';

const { tool, run, requester, usage } = policyFactsSchema.shape;

/** A call as people describe it: what they leave out is as in a run of somebody in no group that has just begun. */
export const describedCallSchema = z.strictObject({
  tool: z.union([
    z.string().min(1).max(64),
    z.strictObject({ ...tool.shape, source: tool.shape.source.optional(), effect: tool.shape.effect.optional() }),
  ]),
  args: policyFactsSchema.shape.args.optional(),
  requester: requester.partial().optional(),
  run: run.partial().optional(),
  usage: usage.partial().optional(),
});

const DEFAULTS = {
  tool: { source: 'function', effect: 'once' },
  requester: { principal: 'user:somebody', groups: [] },
  run: { agent: 'agent', depth: 0, turn: 1, startedAt: '2026-01-01T00:00:00.000Z' },
  usage: { inputTokens: 0, outputTokens: 0, turns: 0, toolCalls: 0 },
} as const satisfies Partial<Record<keyof PolicyFacts, object>>;

/** The facts of a described call. `known`: what is known of the tool beside its name. */
export const describedFacts = (
  call: z.output<typeof describedCallSchema>,
  known: Partial<Omit<PolicyFacts['tool'], 'name'>> = {},
): PolicyFacts => {
  const described = typeof call.tool === 'string' ? { name: call.tool } : call.tool;
  return policyFactsSchema.parse({
    args: call.args ?? {},
    tool: { ...DEFAULTS.tool, ...known, ...withoutUndefined(described) },
    requester: { ...DEFAULTS.requester, ...withoutUndefined(call.requester) },
    run: { ...DEFAULTS.run, ...withoutUndefined(call.run) },
    usage: { ...DEFAULTS.usage, ...withoutUndefined(call.usage) },
  });
};

const withoutUndefined = (value: object = {}): object =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));

/** What policy would say of a call that nobody has made. */
export const simulate = (
  layers: readonly CompiledLayer[],
  call: z.output<typeof describedCallSchema>,
  known: Partial<Omit<PolicyFacts['tool'], 'name'>> = {},
): Verdict => evaluatePolicy(layers, describedFacts(call, known));
