import { z } from 'zod';
import { compileGlob } from '../../../domain/policy/glob.ts';
import { parseRelativePath } from '../../workspace/relative-path.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { defineTool } from '../tool.ts';
import type { Tool } from '../tool.ts';
import { FILE_TOOL_TIMEOUT_MS, MAX_FILES, inWorkspace } from './in-workspace.ts';
import type { FileToolOptions } from './in-workspace.ts';

export const PathGlob = z
  .string()
  .min(1)
  .max(256)
  .describe('Only paths that fit as a whole: * is any text, slashes too, ? any one character');

/** The files that a tool could open. Programs can make others, with names that no path here may have. */
export async function pathsIn(workspace: Workspace, glob: string | undefined) {
  const all = await inWorkspace(workspace.list());
  const fits = glob === undefined ? () => true : compileGlob(glob);
  return {
    paths: all.filter((path) => parseRelativePath(path).ok && fits(path)),
    isCut: all.length >= MAX_FILES,
  };
}

/** Lists the files of the run's own workspace. */
export const listWorkspaceFilesTool = ({ name = 'list_files' }: FileToolOptions = {}): Tool =>
  defineTool({
    name,
    description: `Lists the files in the workspace of this run, sorted, at most ${MAX_FILES}. Links are not listed.`,
    input: z.strictObject({
      match: PathGlob.optional(),
      limit: z.number().int().min(1).max(MAX_FILES).default(200),
    }),
    effect: 'none',
    timeoutMs: FILE_TOOL_TIMEOUT_MS,
    annotations: { readOnlyHint: true, openWorldHint: false },
    async execute({ match, limit }, { workspace, signal }) {
      signal.throwIfAborted();
      const { paths, isCut } = await pathsIn(workspace, match);
      return { files: paths.slice(0, limit), truncated: isCut || paths.length > limit };
    },
  });
