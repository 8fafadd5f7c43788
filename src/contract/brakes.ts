import { z } from 'zod';
import { AgentName, RunId, ScopeName, ToolName } from '../domain/schemas/names.ts';
import { PrincipalField, Timestamp, spokenText } from './fields.ts';
import { pageOf, pageQuery } from './pagination.ts';

/** How long a bypass may last. */
export const BYPASS_MAX_MINUTES = 60;

const Reason = spokenText(1_000).meta({
  description: 'Shown to operators',
  example: 'Refunds go to the wrong account.',
});
const BrakeId = z
  .string()
  .regex(/^brk_[a-z2-7]{26}$/)
  .meta({ example: 'brk_k3v7qdxr2mzw5n4hbt6ycafe2a' });
const BypassId = z
  .string()
  .regex(/^byp_[a-z2-7]{26}$/)
  .meta({ example: 'byp_k3v7qdxr2mzw5n4hbt6ycafe2a' });

/** Stops what it names, before the next dispatch, everywhere. Nothing named: all of the scope. */
export const SetBrake = z
  .strictObject({
    scope: z
      .enum(['project', 'tenant'])
      .default('project')
      .meta({ description: '`tenant`: every project of the tenant' }),
    agent: AgentName.optional(),
    tool: ToolName.optional(),
    reason: Reason,
  })
  .meta({ id: 'SetBrake' });
export type SetBrake = z.infer<typeof SetBrake>;

/** Lets some calls through although a brake is on. Every one of them is recorded. */
export const BrakeBypass = z
  .object({
    bypassId: BypassId,
    project: ScopeName.nullable(),
    agent: AgentName.nullable(),
    tool: ToolName.nullable(),
    runId: RunId.nullable(),
    reason: z.string(),
    createdBy: PrincipalField,
    createdAt: Timestamp,
    until: Timestamp,
    endedAt: Timestamp.nullable(),
    active: z.boolean(),
  })
  .meta({ id: 'BrakeBypass' });
export type BrakeBypass = z.infer<typeof BrakeBypass>;

/** A kill switch. */
export const Brake = z
  .object({
    brakeId: BrakeId,
    scope: z.enum(['project', 'tenant']),
    project: ScopeName.nullable(),
    agent: AgentName.nullable().meta({ description: 'Null: every agent' }),
    tool: ToolName.nullable().meta({ description: 'Null: every tool' }),
    reason: z.string(),
    createdBy: PrincipalField,
    createdAt: Timestamp,
    releasedBy: PrincipalField.nullable(),
    releasedAt: Timestamp.nullable(),
    active: z.boolean(),
    links: z.object({ self: z.string(), bypasses: z.string() }),
  })
  .meta({ id: 'Brake' });
export type Brake = z.infer<typeof Brake>;

export const BrakeDetail = Brake.extend({ bypasses: z.array(BrakeBypass) }).meta({ id: 'BrakeDetail' });
export type BrakeDetail = z.infer<typeof BrakeDetail>;

export const BrakePage = pageOf(Brake).meta({ id: 'BrakePage' });

export const ListBrakesQuery = z.strictObject({
  active: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .meta({ description: 'Only those that are on, or only released ones' }),
  ...pageQuery,
});

export const BrakeParams = z.strictObject({ brakeId: BrakeId });
export const BypassParams = z.strictObject({ brakeId: BrakeId, bypassId: BypassId });

export const AddBypass = z
  .strictObject({
    scope: z
      .strictObject({ agent: AgentName.optional(), tool: ToolName.optional(), runId: RunId.optional() })
      .refine((scope) => Object.keys(scope).length > 0, 'must name an agent, a tool or a run')
      .meta({ description: 'What may go on: calls that all of this is true of' }),
    minutes: z.number().int().min(1).max(BYPASS_MAX_MINUTES),
    reason: Reason,
  })
  .meta({
    id: 'AddBypass',
    examples: [{ scope: { agent: 'refunds', tool: 'refund' }, minutes: 15, reason: 'One order must go out today.' }],
  });
export type AddBypass = z.infer<typeof AddBypass>;
