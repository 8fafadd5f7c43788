import type { Command } from 'commander';
import { replaceKeptKey } from '../../platform/client-config.ts';
import { durationArgument, keyArgument } from '../arguments.ts';
import { connect, keptIn, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { jsonText } from '../show/json.ts';
import { keyScreen, secretText } from '../show/key.ts';

interface Options extends ApiOptions {
  readonly overlap?: string;
}

export const addKeysRotate = (keys: Command, { terminal }: CliContext): Command =>
  withApiOptions(keys.command('rotate'))
    .description('give an API key another secret; it is shown this once')
    .argument('<key>', 'id of the key, or how it begins', keyArgument)
    .option('--overlap <duration>', 'how long the old secret goes on counting; not at all without', durationArgument)
    .action(async (keyId: string, { overlap, ...options }: Options) => {
      const rotated = await connect(options).keys.rotate(keyId, overlap === undefined ? {} : { overlap });
      // Who rotates the key that this command line uses shall not lock themselves out.
      const isKept = rotated.key !== null && replaceKeptKey(keptIn(), rotated.key);
      if (options.json) return terminal.print(jsonText(rotated));
      terminal.print(keyScreen(terminal, rotated, Date.now()));
      terminal.print(secretText(rotated));
      if (isKept) terminal.note('The command line uses it from now on.');
    });
