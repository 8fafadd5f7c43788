import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addKeysCreate } from './keys-create.ts';
import { addKeysList } from './keys-list.ts';
import { addKeysRevoke } from './keys-revoke.ts';
import { addKeysRotate } from './keys-rotate.ts';
import { addKeysShow } from './keys-show.ts';

export function addKeys(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('API keys: who may ask for what');
  addKeysCreate(keys, context);
  addKeysList(keys, context);
  addKeysShow(keys, context);
  addKeysRotate(keys, context);
  addKeysRevoke(keys, context);
}
