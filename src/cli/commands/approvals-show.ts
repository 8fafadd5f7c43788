import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import { approvalArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { approvalScreen, decideHints } from '../show/approval.ts';
import { jsonText } from '../show/json.ts';

export const addApprovalsShow = (approvals: Command, { terminal }: CliContext): Command =>
  withApiOptions(approvals.command('show'))
    .description('show one approval with everything one must see to decide')
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .action(async (address: ApprovalAddress, options: ApiOptions) => {
      const approval = await connect(options).approvals.get(address);
      if (options.json) return terminal.print(jsonText(approval));
      terminal.print(approvalScreen(terminal, approval, Date.now()));
      if (approval.status === 'pending') terminal.print(`\n${decideHints(terminal, approval)}`);
    });
