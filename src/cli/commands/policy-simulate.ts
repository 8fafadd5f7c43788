import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { readPolicyFile } from '../../platform/policy-file.ts';
import type { SimulatePolicy } from '../../contract/policy.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { reading } from '../policy-files.ts';
import { jsonText } from '../show/json.ts';
import { simulationScreen } from '../show/policy.ts';

interface Options extends ApiOptions {
  readonly agent?: string;
  readonly policy?: string;
  readonly arguments?: unknown;
  readonly requester?: string;
  readonly group?: readonly string[];
  readonly turn?: number;
  readonly effect?: 'none' | 'idempotent' | 'once';
}

const jsonArgument = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidArgumentError('It must be JSON, like \'{"amount": 750}\'.');
  }
};

const turnArgument = (text: string): number => {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
};

const repeated = (text: string, before: readonly string[] = []): readonly string[] => [...before, text];

export const addPolicySimulate = (policy: Command, { terminal }: CliContext): Command =>
  withApiOptions(policy.command('simulate'))
    .description('ask what policy would say of a call; nothing runs, nobody is asked')
    .argument('<tool>', 'name of the tool')
    .option('--agent <name>', 'whose policy')
    .option('--policy <file>', 'layers to try, each in the place of the one of its name')
    .option('--arguments <json>', 'arguments of the call', jsonArgument)
    .option('--requester <principal>', 'who the run acts for')
    .option('--group <name>', 'a group of theirs; may be repeated', repeated)
    .option('--turn <number>', 'the turn of the run', turnArgument)
    .addOption(new Option('--effect <effect>', 'of the tool').choices(['none', 'idempotent', 'once']))
    .action(async (tool: string, options: Options) => {
      const { agent, policy: file, arguments: args, requester: principal, group, turn, effect } = options;
      const layers = file === undefined ? undefined : await reading(readPolicyFile(file));
      const request = {
        tool,
        ...(agent !== undefined && { agent }),
        ...(layers && { layers: layers as SimulatePolicy['layers'] }),
        ...(args !== undefined && { arguments: args }),
        ...((principal ?? group) && {
          requester: { ...(principal && { principal }), ...(group && { groups: [...group] }) },
        }),
        ...(turn !== undefined && { run: { turn } }),
        ...(effect && { effect }),
      };
      const simulation = await connect(options).policy.simulate(request);
      if (options.json) return terminal.print(jsonText(simulation));
      terminal.print(simulationScreen(terminal, simulation));
    });
