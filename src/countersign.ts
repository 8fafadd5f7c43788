/**
 * What `import … from 'countersign'` gives to those who write agents. Within this project everybody imports the file that
 * has what they need; this list is the promise to others, made on purpose and name by name, so that files can move
 * behind it. Beside it stand `countersign/testing` and `countersign/client`.
 */
export { defineAgent } from './adapters/agents/define-agent.ts';
export type { AgentOptions, AgentSource } from './adapters/agents/define-agent.ts';
export type { AgentModuleOptions, AgentsExport } from './adapters/agents/load-agents.ts';
export { defineTool, ToolError } from './adapters/tools/tool.ts';
export type { Tool, ToolContext, ToolOptions, ToolRule } from './adapters/tools/tool.ts';
export type { JsonSchema } from './adapters/tools/declared-schema.ts';
export { DefinitionError } from './adapters/tools/definition-error.ts';
export { askUser } from './adapters/tools/built-in/ask-user.ts';
export { blockRun } from './adapters/tools/built-in/block-run.ts';
export { sequence } from './adapters/agents/sequence.ts';
export type { SequenceOptions } from './adapters/agents/sequence.ts';
export { transferTo } from './adapters/agents/transfer-to.ts';
export type { TransferOptions } from './adapters/agents/transfer-to.ts';
export { subAgent } from './adapters/tools/built-in/sub-agent.ts';
export type { SubAgentOptions } from './adapters/tools/built-in/sub-agent.ts';
export { commandTool } from './adapters/tools/command/run-command.ts';
export type { CommandToolOptions } from './adapters/tools/command/command-options.ts';
export { listWorkspaceFilesTool } from './adapters/tools/files/list-files.ts';
export { readWorkspaceFileTool } from './adapters/tools/files/read-file.ts';
export { searchWorkspaceFilesTool } from './adapters/tools/files/search-files.ts';
export { httpRequestTool } from './adapters/tools/http/http-request.ts';
export type { HttpRequestToolOptions } from './adapters/tools/http/http-options.ts';
export { gitLogTool, readFileTool } from './adapters/tools/git/git-tools.ts';
export { writeFileTool } from './adapters/tools/write-file.ts';
export { asksFor, asksForAll, says, scriptedModel } from './adapters/models/scripted-model.ts';
export type { ScriptedCall, ScriptedStep, ScriptedTurn } from './adapters/models/scripted-model.ts';
export type { ModelPort, ModelReply, ModelRequest, TranscriptMessage } from './adapters/models/model-port.ts';
export type { RuleInput as Rule } from './domain/policy/policy-schema.ts';
export type { JsonValue } from './domain/arguments/json-value.ts';
export { defineConfig } from './platform/project-keys.ts';
export type { ProjectConfig } from './platform/project-keys.ts';
/** The one that tools' schemas are read with: a project needs no zod of its own. */
export { z } from 'zod';
