import type { Command } from 'commander';
import { presentInline } from '../../domain/present/present.ts';
import { keyArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';

export const addKeysRevoke = (keys: Command, { terminal }: CliContext): Command =>
  withApiOptions(keys.command('revoke'))
    .description('end an API key at once, with its sessions and streams')
    .argument('<key>', 'id of the key, or how it begins', keyArgument)
    .action(async (keyId: string, options: ApiOptions) => {
      const key = await connect(options).keys.revoke(keyId);
      if (options.json) return terminal.print(jsonText(key));
      terminal.print(
        `Key ${presentInline(key.prefix)} of ${presentInline(key.principal)} is ${presentInline(key.status)}.`,
      );
    });
