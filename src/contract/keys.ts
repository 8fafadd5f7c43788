import { z } from 'zod';
import { Role } from '../domain/schemas/actor.ts';
import { ScopeName } from '../domain/schemas/names.ts';
import { DurationText, PrincipalField, Timestamp, spokenText } from './fields.ts';
import { pageOf, pageQuery } from './pagination.ts';

/** How long the old secret of a rotated key may go on counting. */
export const KEY_OVERLAP_MAX_DAYS = 30;

const KeyId = z.string().regex(/^[a-z2-7]{16}$/);
const Kind = z.enum(['person', 'service']);

/** Ways that a key may stand for. That of the inbox comes with its sessions, those of other channels with their routes. */
const KeyChannel = z.enum(['api', 'cli']);

/** Makes an API key. */
export const CreateKey = z
  .strictObject({
    principal: spokenText(200).meta({
      description: 'Whom it speaks for. All credentials of one person must name the same principal',
      example: 'user:grace',
    }),
    kind: Kind.meta({ description: 'Services start runs; they never decide' }),
    roles: z.array(Role).min(1).max(Role.options.length),
    groups: z.array(spokenText(100)).max(100).optional(),
    projects: z
      .array(ScopeName)
      .min(1)
      .max(100)
      .optional()
      .meta({ description: 'The first one counts where a request names none; that of this request when absent' }),
    channel: KeyChannel.optional().meta({
      description:
        'How decisions given with it come in, for rules that name `channels`; `api` when absent. It is what whoever ' +
        'makes the key vouches for: no request can claim another',
    }),
    expiresAt: Timestamp.optional().meta({ description: 'Never when absent' }),
    label: spokenText(200).optional().meta({ description: 'For people', example: 'laptop' }),
  })
  .meta({ id: 'CreateKey' });
export type CreateKey = z.infer<typeof CreateKey>;

/** An API key, without its secret. */
export const Key = z
  .object({
    keyId: KeyId,
    prefix: z.string().meta({ description: 'How the key begins', example: 'cs_k3v7qdxr2mzw5n4h' }),
    status: z.enum(['live', 'expired', 'revoked']),
    label: z.string().nullable(),
    principal: PrincipalField,
    kind: Kind,
    roles: z.array(z.string()),
    groups: z.array(z.string()),
    projects: z.array(z.string()),
    channel: z.string(),
    createdBy: PrincipalField.nullable().meta({ description: 'Null: the first key of the installation' }),
    createdAt: Timestamp,
    expiresAt: Timestamp.nullable(),
    lastUsedAt: Timestamp.nullable().meta({ description: 'To the minute' }),
    rotatedAt: Timestamp.nullable(),
    previousUntil: Timestamp.nullable().meta({ description: 'Until then the secret before the last rotation counts' }),
    revokedAt: Timestamp.nullable(),
    revokedBy: PrincipalField.nullable(),
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'Key' });
export type Key = z.infer<typeof Key>;

/** The one answer that has the whole key in it. */
export const KeyWithSecret = Key.extend({
  key: z
    .string()
    .nullable()
    .meta({
      description:
        'The whole key, shown this once and kept nowhere. Null where the request is a repetition: rotate the key if its ' +
        'first answer was lost',
    }),
}).meta({ id: 'KeyWithSecret' });
export type KeyWithSecret = z.infer<typeof KeyWithSecret>;

/** Gives a key another secret. */
export const RotateKey = z
  .strictObject({
    overlap: DurationText.optional().meta({
      description: `How long the old secret goes on counting, at most ${KEY_OVERLAP_MAX_DAYS}d; not at all when absent`,
      example: '24h',
    }),
  })
  .meta({ id: 'RotateKey' });
export type RotateKey = z.infer<typeof RotateKey>;

export const RevokeKey = z.strictObject({}).meta({ id: 'RevokeKey' });

export const KeyPage = pageOf(Key).meta({ id: 'KeyPage' });

export const ListKeysQuery = z.strictObject({
  principal: z.string().min(1).max(200).optional(),
  kind: Kind.optional(),
  state: z.enum(['live', 'expired', 'revoked']).optional(),
  ...pageQuery,
});

export const KeyParams = z.strictObject({ keyId: KeyId });
