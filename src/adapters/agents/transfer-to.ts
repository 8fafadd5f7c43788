import { transferTool } from '../tools/built-in/transfer-tool.ts';
import type { TransferToolOptions } from '../tools/built-in/transfer-tool.ts';
import type { Tool } from '../tools/tool.ts';
import { calledAgent } from './define-agent.ts';
import type { AgentSource } from './define-agent.ts';

export type TransferOptions = TransferToolOptions & { readonly agent: AgentSource };

/**
 * Lets the model hand the rest of the run to another agent: from the next turn on that one's model, tools, instructions and
 * policy hold, in the same conversation. Calls are judged by policy as those of any tool: without a rule they ask.
 */
export const transferTo = ({ agent, ...options }: TransferOptions): Tool => transferTool(calledAgent(agent), options);
