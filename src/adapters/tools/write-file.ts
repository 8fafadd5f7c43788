import { z } from 'zod';
import { WorkspaceError } from '../workspace/workspace.ts';
import { ToolError, defineTool } from './tool.ts';
import type { Tool } from './tool.ts';

const MAX_CONTENT_LENGTH = 512 * 1024;

/** Writes a text file into the run's own workspace, and nowhere else. */
export const writeFileTool = (): Tool =>
  defineTool({
    name: 'write_file',
    description:
      'Writes a text file into the workspace of this run, replacing a file of the same path. Gives its size and SHA-256.',
    input: z.strictObject({
      path: z.string().min(1).max(500).describe('Relative path with forward slashes, for example docs/NOTES.md'),
      content: z.string().max(MAX_CONTENT_LENGTH).describe('The whole text of the file'),
    }),
    effect: 'once',
    timeoutMs: 60_000,
    async execute({ path, content }, { workspace, signal }) {
      signal.throwIfAborted();
      try {
        return { ...(await workspace.write(path, Buffer.from(content, 'utf8'))) };
      } catch (error) {
        throw error instanceof WorkspaceError ? new ToolError(error.code, error.message) : error;
      }
    },
  });
