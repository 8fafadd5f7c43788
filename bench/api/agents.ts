/** What the worker of the API's benchmark is configured with. */
import type { AgentsExport } from '../../src/adapters/agents/load-agents.ts';
import { benchAgent } from '../ours/agent.ts';
import { ToolEntries } from '../tool-entries.ts';

export const agents: AgentsExport = () => [benchAgent(new ToolEntries())];
