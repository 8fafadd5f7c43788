import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addGrantsCreate } from './grants-create.ts';
import { addGrantsList } from './grants-list.ts';
import { addGrantsRevoke } from './grants-revoke.ts';
import { addGrantsShow } from './grants-show.ts';

export function addGrants(program: Command, context: CliContext): void {
  const grants = program.command('grants').description('approve calls before they are asked for, within bounds');
  addGrantsList(grants, context);
  addGrantsShow(grants, context);
  addGrantsCreate(grants, context);
  addGrantsRevoke(grants, context);
}
