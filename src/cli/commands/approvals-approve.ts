import { Option } from 'commander';
import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import type { Remember } from '../../contract/decisions.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { GrantScope } from '../../domain/schemas/approval.ts';
import type { StateEdit } from '../../domain/state/apply-state-edits.ts';
import { countArgument, durationArgument, jsonArgument, placeArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { decideByCommand, withDecisionOptions } from '../decision-command.ts';
import type { DecisionOptions } from '../decision-command.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { besideText } from '../show/beside-decision.ts';

interface Options extends DecisionOptions {
  readonly editState?: readonly StateEdit[];
  readonly remember?: GrantScope;
  readonly ttl?: string;
  readonly uses?: number;
  readonly constraints?: JsonValue;
}

export const EDIT_STATE_OPTION = [
  '--edit-state <path=value>',
  "set this of the run's state with the decision, if it wins; the value as JSON, else as text; may be repeated",
  placeArgument,
] as const;

/** What runs is what was shown: on a terminal to the person who is asked, elsewhere to whoever took down the digest. */
export const addApprovalsApprove = (approvals: Command, context: CliContext): Command =>
  withDecisionOptions(approvals.command('approve'), {
    digest: 'of what you have seen; nothing else will be approved',
    reason: 'kept with the decision',
  })
    .description('consent to one exact call; asks before it does')
    .option(...EDIT_STATE_OPTION)
    .addOption(
      new Option('--remember <scope>', 'approve later calls like it by a grant, where the rule lets one').choices(
        GrantScope.options,
      ),
    )
    .option('--ttl <duration>', 'with --remember: how long the grant lasts, like 8h', durationArgument)
    .option('--uses <count>', 'with --remember: how many calls it covers', countArgument)
    .option('--constraints <json>', 'with --remember: by JSON pointer, what may differ from this call', jsonArgument)
    .action(async (address: ApprovalAddress, options: Options) => {
      const stateEdits = options.editState;
      const remember = rememberOf(options);
      const fields = {
        decision: 'approve' as const,
        ...(stateEdits && { stateEdits: [...stateEdits] }),
        ...(remember && { remember }),
      };
      await decideByCommand(context, address, options, {
        needsDigest: true,
        question: 'Approve exactly this call?',
        part: () => ({ fields, preview: besideText(context.terminal, fields) }),
      });
    });

function rememberOf({ remember: scope, ttl, uses, constraints }: Options): Remember | undefined {
  if (scope === undefined) {
    if (ttl === undefined && uses === undefined && constraints === undefined) return undefined;
    throw new CliError(EXIT.usage, '--ttl, --uses and --constraints belong to --remember.');
  }
  if (ttl === undefined || uses === undefined) {
    throw new CliError(EXIT.usage, '--remember needs --ttl and --uses: how long, and for how many calls.');
  }
  // Their form is the contract's; the API says what is wrong with it.
  return {
    scope,
    ttl,
    uses,
    ...(constraints !== undefined && { constraints: constraints as Record<string, unknown> }),
  };
}
