import { z } from 'zod';
import { PrincipalField, Timestamp } from './fields.ts';

export const StartSession = z.strictObject({}).meta({ id: 'StartSession' });

export const EndedSession = z.object({ sessionId: z.string(), ended: z.literal(true) }).meta({ id: 'EndedSession' });

export type EndedSession = z.infer<typeof EndedSession>;

/** Somebody who has signed in with a browser. */
export const Session = z
  .object({
    sessionId: z.string(),
    principal: PrincipalField,
    tenant: z.string(),
    project: z.string().meta({ description: 'The one that requests mean where they name none' }),
    projects: z.array(z.string()),
    roles: z.array(z.string()),
    groups: z.array(z.string()),
    expiresAt: Timestamp.meta({ description: 'It ends then, and before that where it is idle' }),
    idleSeconds: z.number().int().meta({ description: 'How long it may be without a request' }),
    csrfToken: z.string().meta({
      description: 'Send it as `Countersign-Csrf` with every request by the cookie that is not GET or HEAD',
    }),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof Session>;
