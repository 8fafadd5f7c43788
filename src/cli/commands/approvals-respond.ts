import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import type { Approval } from '../../contract/approvals.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { presentValue } from '../../domain/present/present-value.ts';
import type { StateEdit } from '../../domain/state/apply-state-edits.ts';
import { countArgument, jsonArgument } from '../arguments.ts';
import type { CliContext } from '../context.ts';
import { decideByCommand, withDecisionOptions } from '../decision-command.ts';
import type { DecisionOptions } from '../decision-command.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { readTextFile } from '../read-json-file.ts';
import { besideText } from '../show/beside-decision.ts';
import { EDIT_STATE_OPTION } from './approvals-approve.ts';

interface Options extends DecisionOptions {
  readonly text?: string;
  readonly textFile?: string;
  readonly option?: number;
  readonly value?: JsonValue;
  readonly editState?: readonly StateEdit[];
}

export const addApprovalsRespond = (approvals: Command, context: CliContext): Command =>
  withDecisionOptions(approvals.command('respond'), {
    digest: 'of what you have seen and answer',
    reason: 'kept with the decision',
  })
    .description("answer a question, or give a call's result in place of its tool, which does not run")
    .option('--text <text>', 'the answer')
    .option('--text-file <file>', 'the answer from a file; - is the standard input')
    .option('--option <number>', 'the answer: one of the options of the question, as they are numbered', countArgument)
    .option('--value <json>', 'the answer as JSON, for a question that has a form', jsonArgument)
    .option(...EDIT_STATE_OPTION)
    .action(async (address: ApprovalAddress, options: Options) => {
      const answerOf = await readAnswer(options);
      const stateEdits = options.editState && { stateEdits: [...options.editState] };
      const { terminal } = context;
      await decideByCommand(context, address, options, {
        // A number means something only beside the options it counts.
        needsDigest: options.option !== undefined,
        question: 'Answer with this?',
        part: (approval) => {
          const response = answerOf(approval);
          const shown = presentValue(response, { columns: terminal.columns });
          const beside = besideText(terminal, stateEdits ?? {});
          return {
            fields: { decision: 'respond', response, ...stateEdits },
            preview: [`${terminal.style('bold', 'Your answer')}\n\n${shown}`, beside ?? []].flat().join('\n\n'),
          };
        },
      });
    });

async function readAnswer({ text, textFile, option, value }: Options): Promise<(approval: Approval) => JsonValue> {
  const given = [text, textFile, option, value].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new CliError(EXIT.usage, 'Give one answer: --text, --text-file, --option or --value.');
  }
  if (option !== undefined) return (approval) => chosen(approval, option);
  const answer = value ?? text ?? (await readTextFile(textFile ?? '')).trimEnd();
  return () => answer;
}

function chosen({ question }: Approval, number: number): string {
  const { options = [] } = question ?? {};
  const option = options[number - 1];
  if (option !== undefined) return option;
  if (options.length === 0) throw new CliError(EXIT.usage, 'It has no options to choose from: answer with --text.');
  throw new CliError(EXIT.usage, `It has ${options.length} options: choose one from 1 to ${options.length}.`);
}
