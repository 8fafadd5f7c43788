import { setImmediate as nextTurn } from 'node:timers/promises';
import { RE2JS } from 're2js';
import { z } from 'zod';
import { ToolError, defineTool } from '../tool.ts';
import type { Tool } from '../tool.ts';
import { FILE_TOOL_TIMEOUT_MS, inWorkspace } from './in-workspace.ts';
import type { FileToolOptions } from './in-workspace.ts';
import { PathGlob, pathsIn } from './list-files.ts';
import { textOf } from './text-of.ts';

const MAX_MATCHES = 500;
/** Of all files together. */
const MAX_SEARCHED_BYTES = 32 * 1024 * 1024;
/** The rest of a longer line is neither searched nor shown. */
const MAX_SEARCHED_LINE_LENGTH = 10_000;
const MAX_SHOWN_LINE_LENGTH = 500;
/** How much is searched before the worker's other work gets its turn. */
const LENGTH_PER_TURN = 64 * 1024;

type Fits = (line: string) => boolean;

/** RE2 has no backtracking: whatever the model writes takes time that grows with the text alone. */
function compile(pattern: string, isRegex: boolean, ignoreCase: boolean): Fits {
  if (!isRegex && !ignoreCase) return (line) => line.includes(pattern);
  try {
    const compiled = RE2JS.compile(isRegex ? pattern : RE2JS.quote(pattern), ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
    return (line) => compiled.test(line);
  } catch {
    throw new ToolError('invalid_pattern', 'The pattern is not a regular expression in the syntax of RE2.');
  }
}

/** Searches the text files of the run's own workspace, line by line. */
export const searchWorkspaceFilesTool = ({ name = 'search_files' }: FileToolOptions = {}): Tool =>
  defineTool({
    name,
    description:
      'Finds the lines with a text, or a regular expression (RE2), in the files of this run’s workspace. ' +
      'Files that are not text are passed over.',
    input: z.strictObject({
      pattern: z.string().min(1).max(1_000),
      regex: z.boolean().default(false),
      ignoreCase: z.boolean().default(false),
      match: PathGlob.optional(),
      limit: z.number().int().min(1).max(MAX_MATCHES).default(100),
    }),
    effect: 'none',
    timeoutMs: FILE_TOOL_TIMEOUT_MS,
    annotations: { readOnlyHint: true, openWorldHint: false },
    async execute({ pattern, regex, ignoreCase, match, limit }, { workspace, signal }) {
      const fits = compile(pattern, regex, ignoreCase);
      const { paths, isCut } = await pathsIn(workspace, match);
      const matches: { path: string; line: number; text: string }[] = [];
      const done = { bytes: 0, files: 0, sinceTurn: 0 };
      const result = (truncated: boolean) => ({ matches, filesSearched: done.files, truncated });
      for (const path of paths) {
        signal.throwIfAborted();
        const content = await inWorkspace(workspace.read(path)).catch((error: unknown) => {
          // Gone, replaced or too large since it was listed: the others can still be searched.
          if (error instanceof ToolError) return undefined;
          throw error;
        });
        const text = content && textOf(content);
        if (content === undefined || text === undefined) continue;
        done.bytes += content.byteLength;
        if (done.bytes > MAX_SEARCHED_BYTES) return result(true);
        done.files += 1;
        for (const [index, line] of text.split('\n').entries()) {
          done.sinceTurn += Math.min(line.length, MAX_SEARCHED_LINE_LENGTH) + 1;
          if (done.sinceTurn > LENGTH_PER_TURN) {
            done.sinceTurn = 0;
            await nextTurn();
            signal.throwIfAborted();
          }
          if (!fits(line.slice(0, MAX_SEARCHED_LINE_LENGTH))) continue;
          if (matches.length === limit) return result(true);
          matches.push({ path, line: index + 1, text: line.slice(0, MAX_SHOWN_LINE_LENGTH).toWellFormed() });
        }
      }
      return result(isCut);
    },
  });
