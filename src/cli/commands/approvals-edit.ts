import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { presentInline } from '../../domain/present/present.ts';
import { applyStateEdits } from '../../domain/state/apply-state-edits.ts';
import type { StateEdit } from '../../domain/state/apply-state-edits.ts';
import { jsonArgument, placeArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { decideByCommand, withDecisionOptions } from '../decision-command.ts';
import type { DecisionOptions } from '../decision-command.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { readJsonFile } from '../read-json-file.ts';
import { besideText } from '../show/beside-decision.ts';
import { difference } from '../show/difference.ts';
import { parseJsonValue } from '../show/json-value.ts';
import { EDIT_STATE_OPTION } from './approvals-approve.ts';

interface Options extends DecisionOptions {
  readonly arguments?: JsonValue;
  readonly argumentsFile?: string;
  readonly set?: readonly StateEdit[];
  readonly editState?: readonly StateEdit[];
}

/** The whole arguments as they should be. They pass the schema of the tool and policy again: others may have to agree. */
export const addApprovalsEdit = (approvals: Command, context: CliContext): Command =>
  withDecisionOptions(approvals.command('edit'), {
    digest: 'of what you have seen and edit',
    reason: 'kept with the decision',
  })
    .description('approve a call with other arguments; where policy wants others to agree, they are asked')
    .option('--arguments <json>', 'the whole arguments as they should be', jsonArgument)
    .option('--arguments-file <file>', 'the same from a file; - is the standard input')
    .option(
      '--set <path=value>',
      'change only this of the arguments; the value as JSON, else as text; may be repeated',
      placeArgument,
    )
    .option(...EDIT_STATE_OPTION)
    .action(async (address: ApprovalAddress, options: Options) => {
      const argumentsFrom = await readArguments(options);
      const stateEdits = options.editState;
      const { terminal } = context;
      await decideByCommand(context, address, options, {
        needsDigest: true,
        question: 'Approve the call with these arguments instead?',
        part: (approval) => {
          const before = parseJsonValue(approval.arguments);
          const edited = argumentsFrom(before);
          const beside = besideText(terminal, { ...(stateEdits && { stateEdits: [...stateEdits] }) });
          const blocks = [
            ...(before === undefined
              ? []
              : [`${terminal.style('bold', 'You change')}\n\n${difference(terminal, before, edited)}`]),
            ...(beside === undefined ? [] : [beside]),
          ];
          return {
            fields: { decision: 'edit', arguments: edited, ...(stateEdits && { stateEdits: [...stateEdits] }) },
            ...(blocks.length > 0 && { preview: blocks.join('\n\n') }),
          };
        },
      });
    });

/** What the arguments become, of what they are. */
async function readArguments(options: Options): Promise<(before: JsonValue | undefined) => JsonValue> {
  const { arguments: given, argumentsFile, set } = options;
  if ([given, argumentsFile, set].filter((one) => one !== undefined).length !== 1) {
    throw new CliError(EXIT.usage, 'Say what the arguments should be: --arguments, --arguments-file or --set.');
  }
  if (set) return (before) => changed(before, set);
  const whole = given ?? (await readJsonFile(argumentsFile ?? ''));
  return () => whole;
}

function changed(before: JsonValue | undefined, edits: readonly StateEdit[]): JsonValue {
  if (before === undefined) throw new CliError(EXIT.failed, 'The store does not have the arguments any more.');
  const applied = applyStateEdits(before, edits);
  if (applied.ok) return applied.state;
  const faults = applied.faults.map(({ index, message }) => `${presentInline(edits[index]?.path ?? '')} ${message}`);
  throw new CliError(EXIT.usage, `The arguments have no such place: ${faults.join('; ')}.`);
}
