import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import { approvalArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { RUN_OPTION, assertOfRun } from '../decision-command.ts';
import { loadApprovalScreen } from '../load-approval-screen.ts';
import { decideHints } from '../show/approval.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly run?: string;
}

export const addApprovalsShow = (approvals: Command, { terminal }: CliContext): Command =>
  withApiOptions(approvals.command('show'))
    .description('show one approval with everything one must see to decide')
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .option(...RUN_OPTION)
    .action(async (address: ApprovalAddress, options: Options) => {
      assertOfRun(address, options.run);
      const client = connect(options);
      const approval = await client.approvals.get(address);
      if (options.json) return terminal.print(jsonText(approval));
      terminal.print(await loadApprovalScreen(client, terminal, approval));
      if (approval.status === 'pending') terminal.print(`\n${decideHints(terminal, approval)}`);
    });
