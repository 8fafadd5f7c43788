import { z } from 'zod';
import { inWorkspace } from './files/in-workspace.ts';
import { defineTool } from './tool.ts';
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
      return { ...(await inWorkspace(workspace.write(path, Buffer.from(content, 'utf8')))) };
    },
  });
