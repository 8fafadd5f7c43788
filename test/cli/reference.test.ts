// The reference page names every command there is, and no other.
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addApi } from '../../src/cli/commands/api.ts';
import { addApprovals } from '../../src/cli/commands/approvals.ts';
import { addAudit } from '../../src/cli/commands/audit.ts';
import { addBrakes } from '../../src/cli/commands/brakes.ts';
import { addConfig } from '../../src/cli/commands/config.ts';
import { addDelegations } from '../../src/cli/commands/delegations.ts';
import { addDemo } from '../../src/cli/commands/demo.ts';
import { addDev } from '../../src/cli/commands/dev.ts';
import { addInit } from '../../src/cli/commands/init.ts';
import { addTest } from '../../src/cli/commands/test.ts';
import { addDoctor } from '../../src/cli/commands/doctor.ts';
import { addMigrate } from '../../src/cli/commands/migrate.ts';
import { addWorker } from '../../src/cli/commands/worker.ts';
import { addGrants } from '../../src/cli/commands/grants.ts';
import { addKeys } from '../../src/cli/commands/keys.ts';
import { addPolicy } from '../../src/cli/commands/policy.ts';
import { addRuns } from '../../src/cli/commands/runs.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { processTerminal } from '../../src/cli/terminal.ts';

const context: CliContext = { terminal: processTerminal(), end: () => {} };
const groups = [
  addInit,
  addDev,
  addDemo,
  addTest,
  addMigrate,
  addApi,
  addWorker,
  addConfig,
  addDoctor,
  addRuns,
  addApprovals,
  addGrants,
  addBrakes,
  addDelegations,
  addKeys,
  addPolicy,
  addAudit,
];

const namesOf = (command: Command, before: readonly string[] = []): string[] =>
  command.commands.flatMap((one) => {
    const name = [...before, one.name()];
    return one.commands.length === 0 ? [name.join(' ')] : namesOf(one, name);
  });

test('docs/reference/cli.md has every command', () => {
  const program = new Command();
  for (const add of groups) add(program, context);
  const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8');
  const rows = page.split('\n## ')[0]?.matchAll(/^\| `([a-z-]+(?: [a-z][a-z-]*){0,2})/gm) ?? [];
  expect([...rows].map(([, name = '']) => name).toSorted()).toEqual([...namesOf(program), 'worker'].toSorted());
});
