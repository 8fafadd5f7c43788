import type { Command } from 'commander';
import { keyArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { keyScreen } from '../show/key.ts';

export const addKeysShow = (keys: Command, { terminal }: CliContext): Command =>
  withApiOptions(keys.command('show'))
    .description('show one API key: whose it is, what it may do, when it was used')
    .argument('<key>', 'id of the key, or how it begins', keyArgument)
    .action(async (keyId: string, options: ApiOptions) => {
      const key = await connect(options).keys.get(keyId);
      terminal.print(options.json ? jsonText(key) : keyScreen(terminal, key, Date.now()));
    });
