import { AgentList } from '../../../contract/agents.ts';
import { listAgents } from '../../../store/definitions.ts';
import type { Api } from '../../dependencies.ts';
import { json, problems } from '../../responses.ts';
import type { ApiServer } from '../../server-type.ts';

/** The agents of the project, as new runs get them. */
export function registerListAgents(app: ApiServer, api: Api): void {
  app.get('/v1/agents', {
    config: { action: 'agent.read' },
    schema: {
      operationId: 'listAgents',
      tags: ['agents'],
      summary: 'List the agents that can be run',
      description: 'Before starting a run: names, tools and what each tool may do.',
      response: { 200: json('All agents, by name', AgentList), ...problems() },
    },
    handler: async (request) => {
      const agents = await listAgents(api.store, request.caller.scope);
      return {
        data: agents.map(({ name, digest, definition }) => ({
          name,
          digest,
          description: definition.description,
          execution: definition.execution ?? ('durable' as const),
          model: definition.model,
          tools: definition.tools.map(({ name: tool, description, effect, timeoutMs }) => ({
            name: tool,
            description,
            effect,
            timeoutMs,
          })),
          fallbackModels: [...(definition.fallbackModels ?? [])],
          variables: definition.variables ?? {},
          limits: definition.limits,
          artifacts: definition.contract.artifacts.map(({ path }) => path),
        })),
      };
    },
  });
}
