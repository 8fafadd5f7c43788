import { WorkspaceError } from '../../workspace/workspace.ts';
import { ToolError } from '../tool.ts';

/** What the workspace refuses is told to the model. */
export async function inWorkspace<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof WorkspaceError ? new ToolError(error.code, error.message) : error;
  }
}

export interface FileToolOptions {
  /** For an agent that has another tool of the usual name, such as git's `read_file`. */
  readonly name?: string;
}

/** A file tool that has not answered by then is stopped. */
export const FILE_TOOL_TIMEOUT_MS = 60_000;

/** More paths are not listed, and not searched. */
export const MAX_FILES = 1_000;
