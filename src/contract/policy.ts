import { z } from 'zod';
import { LAYER_MODES, POLICY_LAYER_NAMES } from '../domain/policy/policy-schema.ts';
import { Verdict } from '../domain/schemas/approval.ts';
import { AgentName, Digest, RunId, ToolCallId, ToolName } from '../domain/schemas/names.ts';
import { Json, PrincipalField, Timestamp } from './fields.ts';

/** Layers that are kept for all agents and take effect on running runs. The others are part of the agents. */
export const StoredLayerName = z.enum(['deployment', 'project']);
export type StoredLayerName = z.infer<typeof StoredLayerName>;

const MAX_LAYERS = 12;
/** Of proposed policies: what is tried costs time, with every rule of it. */
export const MAX_PROPOSED_RULES = 300;

const rules = z
  .array(Json)
  .max(1_000)
  .meta({
    description: 'Rules as docs/reference/policy.md has them. Durations are texts like "24h", or milliseconds (`…Ms`).',
    example: [{ id: 'large-refunds', match: 'refund', when: 'args.amount > 500', effect: 'ask', risk: 'high' }],
  });

const mode = z.enum(LAYER_MODES);

/** A layer to be tried: it stands in for the one of its name and mode. */
const ProposedLayers = z
  .array(z.strictObject({ name: z.enum(POLICY_LAYER_NAMES), mode: mode.optional(), rules }))
  .min(1)
  .max(MAX_LAYERS)
  .refine((layers) => layers.reduce((count, layer) => count + layer.rules.length, 0) <= MAX_PROPOSED_RULES, {
    message: `must have at most ${MAX_PROPOSED_RULES} rules in all`,
  })
  .meta({ description: 'Layers to try, each in the place of the one of its name' });

export const PutPolicyLayer = z
  .strictObject({
    mode: mode.optional().meta({
      description:
        '`shadow`: stands beside the layer that is enforced, and its verdicts are only recorded. Without rules: ends that',
    }),
    rules,
  })
  .meta({ id: 'PutPolicyLayer' });
export type PutPolicyLayer = z.infer<typeof PutPolicyLayer>;

export const PolicyLayerParams = z.strictObject({ layer: StoredLayerName });

/** One version of a layer. */
export const PolicyLayerVersion = z
  .object({
    name: StoredLayerName,
    mode,
    rules: z.array(Json),
    digest: Digest,
    putBy: PrincipalField,
    putAt: Timestamp,
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'PolicyLayerVersion' });
export type PolicyLayerVersion = z.infer<typeof PolicyLayerVersion>;

export const PolicyLayerList = z.object({ data: z.array(PolicyLayerVersion) }).meta({ id: 'PolicyLayerList' });

export const PolicyLayerHistory = z
  .object({
    name: StoredLayerName,
    /** What holds now; null: there is none. */
    enforced: PolicyLayerVersion.nullable(),
    /** What is tried beside it. */
    shadow: PolicyLayerVersion.nullable(),
    history: z.array(PolicyLayerVersion).meta({ description: 'The latest 100 versions, newest first' }),
  })
  .meta({ id: 'PolicyLayerHistory' });
export type PolicyLayerHistory = z.infer<typeof PolicyLayerHistory>;

const count = z.number().int().nonnegative();

export const SimulatePolicy = z
  .strictObject({
    agent: AgentName.optional().meta({ description: 'Whose policy, with the layers of today beside it' }),
    layers: ProposedLayers.optional(),
    tool: ToolName,
    arguments: Json.optional().meta({ example: { order: 7, amount: 750 } }),
    effect: z
      .enum(['none', 'idempotent', 'once'])
      .optional()
      .meta({ description: 'Of the tool, where no agent has it' }),
    source: z.string().min(1).max(100).optional(),
    annotations: z.record(z.string().max(100), Json).optional(),
    requester: z
      .strictObject({
        principal: z.string().min(1).max(200).optional(),
        groups: z.array(z.string().max(100)).max(100).optional(),
      })
      .optional(),
    run: z
      .strictObject({ depth: count.optional(), turn: count.optional(), startedAt: Timestamp.optional() })
      .optional(),
    usage: z
      .strictObject({
        inputTokens: count.optional(),
        outputTokens: count.optional(),
        turns: count.optional(),
        toolCalls: count.optional(),
      })
      .optional(),
  })
  .refine(({ agent, layers }) => agent !== undefined || layers !== undefined, {
    path: ['agent'],
    message: 'name an agent, layers, or both',
  })
  .meta({
    id: 'SimulatePolicy',
    examples: [{ agent: 'refunds', tool: 'refund', arguments: { order: 7, amount: 750 } }],
  });
export type SimulatePolicy = z.infer<typeof SimulatePolicy>;

/** A rule that had a say. */
export const MatchedRule = z.object({
  layer: z.string(),
  ruleId: z.string(),
  effect: z.enum(['allow', 'ask', 'deny']),
  errored: z
    .boolean()
    .meta({ description: 'Its condition could not be evaluated: it asks, or denies if it is to deny' }),
  overridden: z.boolean().meta({ description: 'A rule of project or agent has taken its place' }),
});

export const PolicySimulation = z
  .object({
    verdict: Verdict,
    matched: z.array(MatchedRule),
    layers: z
      .array(z.object({ name: z.string(), mode, rules: count, source: z.enum(['agent', 'today', 'proposed']) }))
      .meta({ description: 'What was asked, from the widest to the narrowest' }),
  })
  .meta({ id: 'PolicySimulation' });
export type PolicySimulation = z.infer<typeof PolicySimulation>;

/** Calls that one replay looks at. */
export const REPLAY_MAX_CALLS = 5_000;
export const REPLAY_DEFAULT_CALLS = 1_000;

export const ReplayPolicy = z
  .strictObject({
    layers: ProposedLayers,
    agent: AgentName.optional(),
    tool: ToolName.optional(),
    since: Timestamp.optional().meta({ description: 'Only calls of runs started since' }),
    limit: z
      .number()
      .int()
      .min(1)
      .max(REPLAY_MAX_CALLS)
      .optional()
      .meta({
        description: `Calls, newest runs first. Default ${REPLAY_DEFAULT_CALLS}`,
      }),
  })
  .meta({
    id: 'ReplayPolicy',
    examples: [
      {
        layers: [
          {
            name: 'project',
            rules: [{ id: 'large-refunds', match: 'refund', when: 'args.amount > 500', effect: 'ask', risk: 'high' }],
          },
        ],
        agent: 'refunds',
        limit: 500,
      },
    ],
  });
export type ReplayPolicy = z.infer<typeof ReplayPolicy>;

const effectCounts = z.object({ allow: count, ask: count, deny: count });

const VerdictSummary = z.object({
  effect: z.enum(['allow', 'ask', 'deny']),
  ruleId: z.string(),
  layer: z.string().nullable(),
  reason: z.string(),
  risk: z.string(),
  approvals: count.meta({ description: 'The most people that any rule wants' }),
});

export const ReplayExample = z.object({
  runId: RunId,
  toolCallId: ToolCallId,
  tool: z.string(),
  requester: PrincipalField,
  arguments: Json.optional().meta({ description: 'Absent where they are longer than 4 KB' }),
  before: VerdictSummary,
  after: VerdictSummary,
});
export type ReplayExample = z.infer<typeof ReplayExample>;

export const PolicyReplay = z
  .object({
    calls: count,
    counts: z
      .object({ same: count, stricter: count, laxer: count, different: count })
      .meta({ description: '`different`: in one respect stricter and in another laxer' }),
    tools: z.array(z.object({ tool: z.string(), calls: count, before: effectCounts, after: effectCounts })),
    examples: z.object({
      stricter: z.array(ReplayExample),
      laxer: z.array(ReplayExample),
      different: z.array(ReplayExample),
    }),
    skipped: count.meta({
      description: 'Calls whose record is erased, or whose pinned policy this version cannot read',
    }),
    truncated: z.boolean().meta({ description: 'There are more calls than were looked at' }),
  })
  .meta({ id: 'PolicyReplay' });
export type PolicyReplay = z.infer<typeof PolicyReplay>;
