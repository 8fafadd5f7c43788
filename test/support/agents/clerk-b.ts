import type { AgentsExport } from '../../../src/adapters/agents/load-agents.ts';
import { clerks } from './clerk.ts';

export const agents: AgentsExport = () => clerks('B');
