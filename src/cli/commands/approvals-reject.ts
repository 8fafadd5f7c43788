import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import { approvalArgument, digestArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { sendDecision } from '../decide.ts';
import { EXIT } from '../exit-codes.ts';
import { approvalScreen } from '../show/approval.ts';
import { decidedText } from '../show/decided.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly digest?: string;
  readonly yes?: boolean;
  readonly reason?: string;
}

/** A rejection only tightens: it needs no digest, and where nobody can be asked it is taken at its word. */
export const addApprovalsReject = (approvals: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(approvals.command('reject'))
    .description('refuse a call; the reason reaches the model')
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .option('--reason <text>', 'why not')
    .option('--digest <digest>', 'refuse only if this is what would run', digestArgument)
    .option('--yes', 'do not ask')
    .action(async (address: ApprovalAddress, options: Options) => {
      const client = connect(options);
      const approval = await client.approvals.get(address);
      if (terminal.isInteractive && !options.yes && !options.json) {
        terminal.print(approvalScreen(terminal, approval, Date.now()));
        if (approval.viewer.canDecide) {
          const answer = await terminal.ask('\nReject this call? [y/N] ');
          if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
            terminal.note('Nothing was decided.');
            return end(EXIT.failed);
          }
        }
      }
      const { digest, reason } = options;
      const decided = await sendDecision(
        client,
        approval,
        { decision: 'reject', ...(digest !== undefined && { digest }), ...(reason !== undefined && { reason }) },
        () => terminal.note('The decision is with the run; waiting for a worker to answer …'),
      );
      terminal.print(options.json ? jsonText(decided.answer) : decidedText(terminal, decided));
    });
