import type { Command } from 'commander';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { layerTable } from '../show/policy.ts';

export const addPolicyLayers = (policy: Command, { terminal }: CliContext): Command =>
  withApiOptions(policy.command('layers'))
    .description('list the layers of deployment and project that hold now, for all agents')
    .action(async (options: ApiOptions) => {
      const layers = await connect(options).policy.layers();
      if (options.json) return terminal.print(jsonText({ data: layers }));
      terminal.print(layers.length === 0 ? 'No layers but those of the agents.' : layerTable(terminal, layers));
    });
