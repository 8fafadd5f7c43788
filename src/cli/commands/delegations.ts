import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addDelegationsAdd } from './delegations-add.ts';
import { addDelegationsEnd } from './delegations-end.ts';
import { addDelegationsList } from './delegations-list.ts';

export function addDelegations(program: Command, context: CliContext): void {
  const delegations = program.command('delegations').description('hand your part in deciding to somebody else');
  addDelegationsAdd(delegations, context);
  addDelegationsList(delegations, context);
  addDelegationsEnd(delegations, context);
}
