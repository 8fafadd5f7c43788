import { z } from 'zod';
import { GuardName, GuardNotice, TextPlace } from '../domain/guards/guard.ts';

/** What a guard has done with the words of a request, for the person who sent them. */
export const GuardReport = z
  .object({
    guard: GuardName,
    action: GuardNotice.shape.action.meta({
      description:
        '`redact`: the text was changed before anything was done with it. `flag`: it passed, and this is on record. ' +
        '`skip`: the guard could not be asked, and the deployment lets text pass then.',
    }),
    places: z.array(z.object({ where: TextPlace, count: z.number().int().positive() })),
  })
  .meta({ id: 'GuardReport' });
export type GuardReport = z.infer<typeof GuardReport>;

export const GuardReports = z
  .array(GuardReport)
  .meta({ description: 'What the guards did with the words of the request; empty: nothing' });
