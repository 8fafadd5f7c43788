import { Option } from 'commander';
import type { Command } from 'commander';
import { CreateKey } from '../../contract/keys.ts';
import { Role } from '../../domain/schemas/actor.ts';
import { collect, timeArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { keyScreen, secretText } from '../show/key.ts';

interface Options extends ApiOptions {
  readonly principal: string;
  readonly service?: boolean;
  readonly role: readonly Role[];
  readonly group?: readonly string[];
  readonly project?: readonly string[];
  readonly channel: 'api' | 'cli';
  readonly expires?: string;
  readonly label?: string;
}

export const addKeysCreate = (keys: Command, { terminal }: CliContext): Command =>
  withApiOptions(keys.command('create'))
    .description('make an API key (administrators); it is shown this once')
    .requiredOption('--principal <name>', 'whom it speaks for: the same for all credentials of one person')
    .option('--service', 'for a program: it starts runs and never decides')
    .addOption(
      new Option('--role <role...>', `what it may do: ${Role.options.join(', ')}`)
        .choices(Role.options)
        .makeOptionMandatory(),
    )
    .option('--group <name>', 'a group that rules may name; may be repeated', collect)
    .option('--project <name>', 'a project that it is for; may be repeated', collect)
    .addOption(
      new Option('--channel <channel>', 'how its decisions come in')
        .choices(CreateKey.shape.channel.unwrap().options)
        .default('api'),
    )
    .option('--expires <time>', 'its end, like 2026-12-31T00:00:00Z', timeArgument)
    .option('--label <text>', 'what it is for')
    .action(async (given: Options) => {
      const { principal, service, role, group, project, channel, expires, label } = given;
      const request: CreateKey = {
        principal,
        kind: service ? 'service' : 'person',
        roles: [...role],
        channel,
        ...(group && { groups: [...group] }),
        ...(project && { projects: [...project] }),
        ...(expires !== undefined && { expiresAt: expires }),
        ...(label !== undefined && { label }),
      };
      const made = await connect(given).keys.create(request);
      if (given.json) return terminal.print(jsonText(made));
      terminal.print(keyScreen(terminal, made, Date.now()));
      terminal.print(secretText(made));
    });
