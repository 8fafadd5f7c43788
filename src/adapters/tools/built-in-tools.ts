/** The tools that come with Countersign, by the name under which files of agents have them. */
import { askUser } from './built-in/ask-user.ts';
import { blockRun } from './built-in/block-run.ts';
import type { RepositoryOptions } from './git/repository.ts';
import { gitLogTool, readFileTool } from './git/git-tools.ts';
import type { Tool } from './tool.ts';
import { writeFileTool } from './write-file.ts';

export const BUILT_IN_TOOLS = ['ask_user', 'block_run', 'write_file', 'git_log', 'read_file'] as const;
export type BuiltInTool = (typeof BUILT_IN_TOOLS)[number];

const FACTORIES: Readonly<Record<BuiltInTool, (deployment: RepositoryOptions) => Tool>> = {
  ask_user: () => askUser(),
  block_run: () => blockRun(),
  write_file: () => writeFileTool(),
  git_log: (deployment) => gitLogTool(deployment),
  read_file: (deployment) => readFileTool(deployment),
};

export const builtInTool = (name: BuiltInTool, deployment: RepositoryOptions): Tool => FACTORIES[name](deployment);
