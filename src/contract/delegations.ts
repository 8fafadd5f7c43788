import { z } from 'zod';
import { PrincipalField, Timestamp, spokenText } from './fields.ts';
import { pageOf, pageQuery } from './pagination.ts';

/** No delegation lasts longer; another may follow. */
export const DELEGATION_MAX_DAYS = 90;

const DelegationId = z
  .string()
  .regex(/^dlg_[a-z2-7]{26}$/)
  .meta({ example: 'dlg_k3v7qdxr2mzw5n4hbt6ycafe2a' });

/** Hands one's part in deciding to somebody else for a time. */
export const CreateDelegation = z
  .strictObject({
    to: spokenText(200).meta({ description: 'The principal who stands in', example: 'user:grace' }),
    until: Timestamp.meta({ description: `Its end, at most ${DELEGATION_MAX_DAYS} days from now` }),
    groups: z
      .array(z.string().min(1).max(100))
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'Only these groups of yours; all of them when absent' }),
  })
  .meta({
    id: 'CreateDelegation',
    examples: [{ to: 'user:grace', until: '2026-04-01T08:00:00.000Z', groups: ['finance'] }],
  });
export type CreateDelegation = z.infer<typeof CreateDelegation>;

export const Delegation = z
  .object({
    delegationId: DelegationId,
    from: PrincipalField,
    to: PrincipalField,
    groups: z.array(z.string()).nullable().meta({ description: 'Null: all groups of who delegates' }),
    createdAt: Timestamp,
    until: Timestamp,
    endedAt: Timestamp.nullable(),
    endedBy: PrincipalField.nullable(),
    active: z.boolean(),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'Delegation' });
export type Delegation = z.infer<typeof Delegation>;

export const DelegationPage = pageOf(Delegation).meta({ id: 'DelegationPage' });
export const ListDelegationsQuery = z.strictObject({
  active: z
    .literal('true')
    .transform(() => true)
    .optional()
    .meta({ description: 'Only those that hold now' }),
  ...pageQuery,
});
export const DelegationParams = z.strictObject({ delegationId: DelegationId });
