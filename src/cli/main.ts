/** The `countersign` command. */
import { Command, CommanderError } from 'commander';
import { version } from '../platform/version.ts';
import { addApi } from './commands/api.ts';
import { addApprovals } from './commands/approvals.ts';
import { addAudit } from './commands/audit.ts';
import { addBrakes } from './commands/brakes.ts';
import { addConfig } from './commands/config.ts';
import { addDelegations } from './commands/delegations.ts';
import { addDemo } from './commands/demo.ts';
import { addDev } from './commands/dev.ts';
import { addDoctor } from './commands/doctor.ts';
import { addGrants } from './commands/grants.ts';
import { addInit } from './commands/init.ts';
import { addKeys } from './commands/keys.ts';
import { addMigrate } from './commands/migrate.ts';
import { addPolicy } from './commands/policy.ts';
import { addRuns } from './commands/runs.ts';
import { addTest } from './commands/test.ts';
import { addWorker } from './commands/worker.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { showError } from './show/problem.ts';
import { processTerminal } from './terminal.ts';

const context: CliContext = { terminal: processTerminal(), end: (code) => void (process.exitCode = code) };

const program = new Command('countersign')
  .description("Durable runs of AI agents, with people's consent between an agent and what it does.")
  .version(version)
  .exitOverride()
  .configureHelp({ showGlobalOptions: false })
  .showSuggestionAfterError();

addInit(program, context);
addDev(program, context);
addDemo(program, context);
addTest(program, context);
addMigrate(program, context);
addApi(program, context);
addWorker(program, context);
addConfig(program, context);
addDoctor(program, context);
addRuns(program, context);
addApprovals(program, context);
addGrants(program, context);
addBrakes(program, context);
addDelegations(program, context);
addKeys(program, context);
addAudit(program, context);
addPolicy(program, context);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has said what is wrong, and shown the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else process.exitCode = showError(context.terminal, error, process.argv.includes('--json'));
}
