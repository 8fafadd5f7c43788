import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import { approvalArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { RUN_OPTION, assertOfRun } from '../decision-command.ts';
import { approvalName } from '../show/decide-commands.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly run?: string;
  readonly force?: boolean;
}

export const addApprovalsRelease = (approvals: Command, { terminal }: CliContext): Command =>
  withApiOptions(approvals.command('release'))
    .description('end your claim')
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .option(...RUN_OPTION)
    .option('--force', "end another's claim (operators)")
    .action(async (address: ApprovalAddress, { run, force, ...options }: Options) => {
      assertOfRun(address, run);
      const receipt = await connect(options).approvals.release(address, { ...(force && { force }) });
      if (options.json) return terminal.print(jsonText(receipt));
      const before = receipt.outcome === 'not_claimed' ? ' It was not claimed.' : '';
      terminal.print(`Nobody holds ${approvalName(address)}.${before}`);
    });
