import { z } from 'zod';
import { MEDIA_TYPES } from '../domain/media-types.ts';
import { ToolCallId } from '../domain/schemas/names.ts';
import { Timestamp } from './fields.ts';
import { RunIdField } from './runs.ts';

const Sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: '`ref.sha256` of the result that names it', example: '0f'.repeat(32) });

export const MediaParams = z.strictObject({ runId: RunIdField, sha256: Sha256 });

/** An image, sound or file that a tool has kept beside its result. */
export const Media = z
  .object({
    sha256: Sha256,
    toolCallId: ToolCallId,
    mediaType: z.enum(MEDIA_TYPES).meta({ description: 'Under which it is handed out' }),
    bytes: z.number().int().nonnegative(),
    createdAt: Timestamp,
    links: z.object({ self: z.string() }),
  })
  .meta({ id: 'Media' });
export type Media = z.infer<typeof Media>;

export const MediaList = z.object({ data: z.array(Media) }).meta({ id: 'MediaList' });
