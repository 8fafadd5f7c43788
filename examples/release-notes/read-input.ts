import { z } from 'zod';

/** What a person may ask of the agent, as JSON; a real model also understands plain words. */
export const ReleaseNotesInput = z.object({
  repository: z.string().optional(),
  revision: z.string().optional(),
  since: z.string().optional(),
});
export type ReleaseNotesInput = z.infer<typeof ReleaseNotesInput>;

/** Reads JSON, or the words `repository X`, `since X` and `at X` in a text. */
export function readInput(text: string): ReleaseNotesInput {
  try {
    const parsed = ReleaseNotesInput.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Words, then.
  }
  const after = (words: string): string | undefined =>
    new RegExp(String.raw`\b(?:${words})[:= ]+([A-Za-z0-9][\w./~^-]*[\w~^]|\w)`, 'i').exec(text)?.[1];
  const [repository, revision, since] = [after('repository|repo'), after('revision|at'), after('since|from')];
  return {
    ...(repository === undefined ? {} : { repository }),
    ...(revision === undefined ? {} : { revision }),
    ...(since === undefined ? {} : { since }),
  };
}
