import type { Command } from 'commander';
import type { ApprovalFeedItem } from '../../client/index.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { listenForInterruption } from '../interruption.ts';
import { tellLostConnection } from '../lost-connection.ts';
import { changeLine, pendingTable } from '../show/approval-change.ts';
import { showCommand } from '../show/decide-commands.ts';
import { jsonLine } from '../show/json.ts';
import type { Terminal } from '../terminal.ts';

export const addApprovalsWatch = (approvals: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(approvals.command('watch'))
    .description('follow what waits for a decision and what becomes of it, until Ctrl-C')
    .action(async (options: ApiOptions) => {
      const { signal } = listenForInterruption();
      const connection = tellLostConnection(terminal);
      const items = connect(options).approvals.watch({
        signal,
        onReconnect: connection.onReconnect,
      });
      const print = options.json ? (item: ApprovalFeedItem) => terminal.print(jsonLine(item)) : itemPrinter(terminal);
      for await (const item of items) {
        connection.isBack();
        print(item);
      }
      end(EXIT.interrupted);
    });

function itemPrinter(terminal: Terminal): (item: ApprovalFeedItem) => void {
  let isFirst = true;
  return (item) => {
    if (item.event === 'change') {
      terminal.print(changeLine(terminal, item.data));
      const { type, approval } = item.data;
      const isNews = type === 'approval.requested' || type === 'approval.reopened';
      if (isNews && approval.canDecide) terminal.note(`Look at it: ${showCommand(approval)}`);
      return;
    }
    if (!isFirst) terminal.note('The connection was away for long. This is what is pending now:');
    isFirst = false;
    const isEmpty = item.approvals.length === 0;
    terminal.print(isEmpty ? 'Nothing waits for a decision.' : pendingTable(terminal, item.approvals, Date.now()));
  };
}
