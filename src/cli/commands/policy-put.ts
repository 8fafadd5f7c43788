import type { Command } from 'commander';
import { PutPolicyLayer, StoredLayerName } from '../../contract/policy.ts';
import { readPolicyFile } from '../../platform/policy-file.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { reading } from '../policy-files.ts';
import { jsonText } from '../show/json.ts';
import { layerTable } from '../show/policy.ts';

/** As much of a layer as says where it goes: what its rules are worth is the server's to say. */
function parts(file: string, layer: unknown) {
  const { name: given, ...rest } = typeof layer === 'object' && layer !== null ? (layer as { name?: unknown }) : {};
  const name = StoredLayerName.safeParse(given);
  const body = PutPolicyLayer.safeParse(rest);
  if (name.success && body.success) return { name: name.data, body: body.data };
  throw new CliError(
    EXIT.usage,
    `${file} holds something else than layers called deployment or project, with rules.`,
    'The rules of agents and tools come with the agents.',
  );
}

export const addPolicyPut = (policy: Command, { terminal }: CliContext): Command =>
  withApiOptions(policy.command('put'))
    .description('put the deployment or project layers of a file in force, for runs under way too')
    .argument('<file>', 'YAML or JSON with the layers')
    .action(async (file: string, options: ApiOptions) => {
      const layers = (await reading(readPolicyFile(file))).map((layer) => parts(file, layer));
      const client = connect(options);
      const put = [];
      // In order: what a later one relies on is there before it.
      for (const { name, body } of layers) put.push(await client.policy.putLayer(name, body));
      if (options.json) return terminal.print(jsonText({ data: put }));
      terminal.print(layerTable(terminal, put));
    });
