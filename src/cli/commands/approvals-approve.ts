import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import { approvalArgument, digestArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { sendDecision } from '../decide.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { approvalScreen } from '../show/approval.ts';
import { approvalName } from '../show/decide-commands.ts';
import { decidedText } from '../show/decided.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly digest?: string;
  readonly yes?: boolean;
  readonly reason?: string;
}

/** What runs is what was shown: on a terminal to the person who is asked, elsewhere to whoever took down the digest. */
export const addApprovalsApprove = (approvals: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(approvals.command('approve'))
    .description('consent to one exact call; asks before it does')
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .option('--digest <digest>', 'of what you have seen; nothing else will be approved', digestArgument)
    .option('--yes', 'do not ask; needs --digest')
    .option('--reason <text>', 'kept with the decision')
    .action(async (address: ApprovalAddress, options: Options) => {
      const mustAsk = terminal.isInteractive && !options.yes && !options.json;
      if (!mustAsk && options.digest === undefined) {
        throw new CliError(
          EXIT.usage,
          'Nobody can be asked here: say with --digest which call you have seen and approve.',
          `${COMMAND} approvals show ${approvalName(address)} shows the call and its digest.`,
        );
      }
      const client = connect(options);
      const approval = await client.approvals.get(address);
      if (mustAsk) {
        terminal.print(approvalScreen(terminal, approval, Date.now()));
        const isShown = options.digest === undefined || options.digest === approval.digest;
        if (isShown && approval.viewer.canDecide) {
          const answer = await terminal.ask('\nApprove exactly this call? [y/N] ');
          if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
            terminal.note('Nothing was decided.');
            return end(EXIT.failed);
          }
        }
      }
      const decided = await sendDecision(
        client,
        approval,
        {
          decision: 'approve',
          digest: options.digest ?? approval.digest,
          ...(options.reason !== undefined && { reason: options.reason }),
        },
        () => terminal.note('The decision is with the run; waiting for a worker to answer …'),
      );
      terminal.print(options.json ? jsonText(decided.answer) : decidedText(terminal, decided));
    });
