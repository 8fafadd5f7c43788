/** The `countersign` command. */
import { Command, CommanderError } from 'commander';
import { version } from '../platform/version.ts';
import { addApprovalsApprove } from './commands/approvals-approve.ts';
import { addApprovalsList } from './commands/approvals-list.ts';
import { addApprovalsReject } from './commands/approvals-reject.ts';
import { addApprovalsShow } from './commands/approvals-show.ts';
import { addDemo } from './commands/demo.ts';
import { addDev } from './commands/dev.ts';
import { addRunsArtifact } from './commands/runs-artifact.ts';
import { addRunsCancel } from './commands/runs-cancel.ts';
import { addRunsList } from './commands/runs-list.ts';
import { addRunsShow } from './commands/runs-show.ts';
import { addRunsStart } from './commands/runs-start.ts';
import { addRunsWatch } from './commands/runs-watch.ts';
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

addDev(program, context);
addDemo(program, context);
const runs = program.command('runs').description('start, watch and cancel runs');
for (const add of [addRunsStart, addRunsList, addRunsShow, addRunsWatch, addRunsCancel, addRunsArtifact])
  add(runs, context);
const approvals = program.command('approvals').description('look at and decide what agents ask consent for');
for (const add of [addApprovalsList, addApprovalsShow, addApprovalsApprove, addApprovalsReject])
  add(approvals, context);

try {
  await program.parseAsync();
} catch (error) {
  // Commander has said what is wrong, and shown the help that was asked for.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else process.exitCode = showError(context.terminal, error, process.argv.includes('--json'));
}
