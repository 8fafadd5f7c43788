import { z } from 'zod';

/** What a person may ask of the agent: all of it may be left out. */
export const ReleaseNotesInput = z.object({
  repository: z.string().optional(),
  revision: z.string().optional(),
  since: z.string().optional(),
});
export type ReleaseNotesInput = z.infer<typeof ReleaseNotesInput>;

/** Reads JSON, or `repository: X`, `revision: X` and `since: X` in a text. A real model also understands plain words. */
export function readInput(text: string): ReleaseNotesInput {
  try {
    const parsed = ReleaseNotesInput.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // A text, then.
  }
  const after = (word: string): string | undefined =>
    new RegExp(String.raw`\b${word} ?[:=] ?(\w[\w./~^-]*[\w~^]|\w)`, 'i').exec(text)?.[1];
  const [repository, revision, since] = [after('repository'), after('revision'), after('since')];
  return {
    ...(repository === undefined ? {} : { repository }),
    ...(revision === undefined ? {} : { revision }),
    ...(since === undefined ? {} : { since }),
  };
}
