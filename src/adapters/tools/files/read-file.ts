import { z } from 'zod';
import { defineTool } from '../tool.ts';
import type { Tool } from '../tool.ts';
import { FILE_TOOL_TIMEOUT_MS, inWorkspace } from './in-workspace.ts';
import type { FileToolOptions } from './in-workspace.ts';
import { textOrRefusal } from './text-of.ts';

const MAX_LINES = 5_000;
const MAX_TEXT_LENGTH = 256 * 1024;

/** Reads a text file of the run's own workspace, a part at a time. */
export const readWorkspaceFileTool = ({ name = 'read_file' }: FileToolOptions = {}): Tool =>
  defineTool({
    name,
    description:
      'Reads a text file from the workspace of this run. Long files come in parts: ask again from the line after.',
    input: z.strictObject({
      path: z.string().min(1).max(500).describe('Relative path with forward slashes, for example docs/NOTES.md'),
      fromLine: z.number().int().min(1).max(10_000_000).default(1),
      lines: z.number().int().min(1).max(MAX_LINES).default(2_000),
    }),
    effect: 'none',
    timeoutMs: FILE_TOOL_TIMEOUT_MS,
    annotations: { readOnlyHint: true, openWorldHint: false },
    async execute({ path, fromLine, lines }, { workspace, signal }) {
      signal.throwIfAborted();
      const content = await inWorkspace(workspace.read(path));
      const all = textOrRefusal(content).split('\n');
      const shown = partOf(all.slice(fromLine - 1, fromLine - 1 + lines));
      return {
        path,
        bytes: content.byteLength,
        totalLines: all.length,
        fromLine,
        lines: shown.length,
        text: shown.join('\n'),
        truncated: fromLine - 1 + shown.length < all.length,
      };
    },
  });

/** Whole lines up to the limit; of a line that is longer than all of it, the beginning. */
function partOf(lines: readonly string[]): string[] {
  const shown: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > MAX_TEXT_LENGTH && shown.length > 0) break;
    shown.push(line.slice(0, MAX_TEXT_LENGTH).toWellFormed());
  }
  return shown;
}
