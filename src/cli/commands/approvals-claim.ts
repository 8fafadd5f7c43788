import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import { approvalArgument, durationArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { RUN_OPTION, assertOfRun } from '../decision-command.ts';
import { approvalName } from '../show/decide-commands.ts';
import { jsonText } from '../show/json.ts';
import { absolute, relative } from '../show/time.ts';

interface Options extends ApiOptions {
  readonly run?: string;
  readonly ttl?: string;
  readonly force?: boolean;
}

const SAID = { claimed: 'is yours', renewed: 'stays yours', taken_over: 'is yours now, taken over' } as const;

export const addApprovalsClaim = (approvals: Command, { terminal }: CliContext): Command =>
  withApiOptions(approvals.command('claim'))
    .description('tell others that you look at it: until the claim ends they cannot decide it')
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .option(...RUN_OPTION)
    .option('--ttl <duration>', 'for how long: 15m unless told, at most 8h', durationArgument)
    .option('--force', "take over another's claim (operators)")
    .action(async (address: ApprovalAddress, { run, ttl, force, ...options }: Options) => {
      assertOfRun(address, run);
      const request = { ...(ttl !== undefined && { ttl }), ...(force && { force }) };
      const receipt = await connect(options).approvals.claim(address, request);
      if (options.json) return terminal.print(jsonText(receipt));
      const { until } = receipt.claim;
      terminal.print(
        `${approvalName(address)} ${SAID[receipt.outcome]} until ${absolute(until)} (${relative(until, Date.now())}).`,
      );
      terminal.print(`To let others have it before: ${COMMAND} approvals release ${approvalName(address)}`);
    });
