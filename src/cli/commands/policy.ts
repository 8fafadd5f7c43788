import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addPolicyLayers } from './policy-layers.ts';
import { addPolicyPut } from './policy-put.ts';
import { addPolicyReplay } from './policy-replay.ts';
import { addPolicySimulate } from './policy-simulate.ts';
import { addPolicyTest } from './policy-test.ts';

export function addPolicy(program: Command, context: CliContext): void {
  const policy = program.command('policy').description('test, try and put the rules that say which calls need consent');
  for (const add of [addPolicyTest, addPolicySimulate, addPolicyReplay, addPolicyLayers, addPolicyPut])
    add(policy, context);
}
