/** The tools that come with Countersign, by the name under which files of agents have them. */
import { z } from 'zod';
import { askUser } from './built-in/ask-user.ts';
import { blockRun } from './built-in/block-run.ts';
import { CommandToolSettings } from './command/command-options.ts';
import { commandTool } from './command/run-command.ts';
import { listWorkspaceFilesTool } from './files/list-files.ts';
import { readWorkspaceFileTool } from './files/read-file.ts';
import { searchWorkspaceFilesTool } from './files/search-files.ts';
import type { RepositoryOptions } from './git/repository.ts';
import { gitLogTool, readFileTool } from './git/git-tools.ts';
import { HttpToolSettings } from './http/http-options.ts';
import { httpRequestTool } from './http/http-request.ts';
import type { Tool } from './tool.ts';
import { writeFileTool } from './write-file.ts';

/** Named and nothing more. */
export const BUILT_IN_TOOLS = [
  'ask_user',
  'block_run',
  'list_files',
  'search_files',
  'read_workspace_file',
  'write_file',
  'git_log',
  'read_file',
] as const;
type BuiltInTool = (typeof BUILT_IN_TOOLS)[number];

/** Those that an author must say something of. */
export const ConfiguredTool = z.union([
  z.strictObject({ http_request: HttpToolSettings }),
  z.strictObject({ run_command: CommandToolSettings }),
]);
type ConfiguredTool = z.output<typeof ConfiguredTool>;

const FACTORIES: Readonly<Record<BuiltInTool, (deployment: RepositoryOptions) => Tool>> = {
  ask_user: () => askUser(),
  block_run: () => blockRun(),
  list_files: () => listWorkspaceFilesTool(),
  search_files: () => searchWorkspaceFilesTool(),
  // `read_file` reads what is committed.
  read_workspace_file: () => readWorkspaceFileTool({ name: 'read_workspace_file' }),
  write_file: () => writeFileTool(),
  git_log: (deployment) => gitLogTool(deployment),
  read_file: (deployment) => readFileTool(deployment),
};

export const builtInTool = (name: BuiltInTool, deployment: RepositoryOptions): Tool => FACTORIES[name](deployment);

export const configuredTool = (tool: ConfiguredTool): Tool =>
  'http_request' in tool ? httpRequestTool(tool.http_request) : commandTool(tool.run_command);
