import type { Command } from 'commander';
import type { ApprovalAddress, CountersignClient } from '../../client/index.ts';
import type { Approval } from '../../contract/approvals.ts';
import type { ExtendApproval, ExtendReceipt } from '../../contract/decisions.ts';
import { durationSchema } from '../../domain/policy/duration.ts';
import { approvalArgument, durationArgument, timeArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { RUN_OPTION, assertOfRun } from '../decision-command.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { approvalName } from '../show/decide-commands.ts';
import { jsonText } from '../show/json.ts';
import { absolute, relative } from '../show/time.ts';
import { waitForAnswer } from '../wait-for-answer.ts';

interface Options extends ApiOptions {
  readonly run?: string;
  readonly by?: string;
  readonly until?: string;
  readonly reason?: string;
}

export const addApprovalsExtend = (approvals: Command, { terminal }: CliContext): Command =>
  withApiOptions(approvals.command('extend'))
    .description('give people more time to decide; the digest stays the same')
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .option(...RUN_OPTION)
    .option('--by <duration>', 'so much later than the present deadline, like 4h', durationArgument)
    .option('--until <time>', 'the new deadline, like 2026-03-14T18:00:00Z', timeArgument)
    .option('--reason <text>', 'kept with it')
    .action(async (address: ApprovalAddress, { run, by, until, reason, ...options }: Options) => {
      assertOfRun(address, run);
      if ((by === undefined) === (until === undefined)) {
        throw new CliError(EXIT.usage, 'Say with --by how much later, or with --until when.');
      }
      const client = connect(options);
      const decideBy = until ?? later(await client.approvals.get(address), by ?? '');
      const request = { decideBy, ...(reason !== undefined && { reason }) };
      const receipt = await extended(client, address, request, () =>
        terminal.note('The command is with the run; waiting for a worker to answer …'),
      );
      if (options.json) return terminal.print(jsonText(receipt));
      const now = receipt.approval.decideBy;
      terminal.print(`${approvalName(address)} can be decided until ${absolute(now)} (${relative(now, Date.now())}).`);
    });

const later = ({ decideBy }: Approval, by: string): string =>
  new Date(Date.parse(decideBy) + durationSchema.parse(by)).toISOString();

async function extended(
  client: CountersignClient,
  address: ApprovalAddress,
  request: ExtendApproval,
  onWait: () => void,
): Promise<ExtendReceipt> {
  const receipt = await client.approvals.extend(address, request);
  if (receipt.outcome !== 'pending') return receipt;
  onWait();
  const approval = await waitForAnswer(async () => {
    const current = await client.approvals.get(address);
    if (Date.parse(current.decideBy) >= Date.parse(request.decideBy)) return current;
    if (current.status === 'pending') return undefined;
    throw new CliError(EXIT.failed, `It is ${current.status} by now: its deadline is not moved.`);
  }, 'The new deadline');
  return { outcome: 'extended', approval };
}
