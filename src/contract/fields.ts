/** Fields that many resources share. Browser-safe, like everything in this folder. */
import { z } from 'zod';

/** RFC 3339 in UTC with milliseconds. */
export const Timestamp = z.iso.datetime().meta({ description: 'RFC 3339, UTC', example: '2026-03-14T09:26:53.589Z' });

export const PrincipalField = z
  .string()
  .meta({ description: 'The person or service that all credentials of theirs resolve to', example: 'user:ada' });

/** Any JSON value. Answers carry it as it was stored. */
export const Json = z.unknown().meta({ description: 'Any JSON value' });

/** How much a value takes as JSON in UTF-8. */
export const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;

/** Text that says something: not only white space. */
export const spokenText = (maxCharacters: number) =>
  z
    .string()
    .max(maxCharacters)
    .refine((text) => text.trim() !== '', 'must not be blank');

/** A duration as people write it; `durationSchema` of the domain reads it. */
export const DurationText = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/)
  .meta({ description: 'A whole number and a unit: ms, s, m, h or d', example: '24h' });
