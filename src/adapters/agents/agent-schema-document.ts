/** The JSON Schema by which editors check files of agents. Run as a program it writes docs/reference/agent.schema.json. */
import { writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { AgentFile } from './agent-file.ts';

export const AGENT_SCHEMA_FILE = new URL('../../../docs/reference/agent.schema.json', import.meta.url);

/** The document as it is committed. What only code can check (conditions, paths of the state) it leaves open. */
export const agentSchemaDocument = (): string =>
  `${JSON.stringify(z.toJSONSchema(AgentFile, { io: 'input', target: 'draft-7', unrepresentable: 'any' }), null, 2)}\n`;

if (import.meta.main) await writeFile(AGENT_SCHEMA_FILE, agentSchemaDocument());
