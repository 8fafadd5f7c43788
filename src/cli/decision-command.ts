/** What all commands that decide one approval do: read it, show it, ask, send, and say what came of it. */
import type { Command } from 'commander';
import type { ApprovalAddress } from '../client/index.ts';
import type { Approval } from '../contract/approvals.ts';
import type { DecideApproval } from '../contract/decisions.ts';
import { approvalArgument, digestArgument, runIdArgument } from './arguments.ts';
import { COMMAND, connect, withApiOptions } from './context.ts';
import type { ApiOptions, CliContext } from './context.ts';
import { sendDecision } from './decide.ts';
import { CliError, EXIT } from './exit-codes.ts';
import { loadApprovalScreen } from './load-approval-screen.ts';
import { approvalName } from './show/decide-commands.ts';
import { decidedText } from './show/decided.ts';
import { jsonText } from './show/json.ts';

export interface DecisionOptions extends ApiOptions {
  readonly run?: string;
  readonly digest?: string;
  readonly yes?: boolean;
  readonly reason?: string;
  readonly force?: boolean;
}

interface OptionTexts {
  readonly digest: string;
  readonly reason: string;
}

export const RUN_OPTION = [
  '--run <run>',
  'refuse an approval of any other run than this and its sub-runs',
  runIdArgument,
] as const;

export const withDecisionOptions = (command: Command, texts: OptionTexts): Command =>
  withApiOptions(command)
    .argument('<approval>', '<run>/<key> as the list shows it, or the whole id', approvalArgument)
    .option(...RUN_OPTION)
    .option('--digest <digest>', texts.digest, digestArgument)
    .option('--reason <text>', texts.reason)
    .option('--yes', 'do not ask')
    .option('--force', 'decide although somebody else has claimed it (operators)');

/** Whoever names a run means only that: an approval of another is not touched. */
export function assertOfRun({ runId, key }: ApprovalAddress, run: string | undefined): void {
  if (run === undefined || runId === run || runId.startsWith(`${run}.`)) return;
  throw new CliError(EXIT.usage, `${approvalName({ runId, key })} does not belong to run ${run}.`);
}

/** What one kind of decision says beside what all of them say. */
export interface DecisionPart {
  readonly fields: Omit<DecideApproval, 'digest' | 'reason' | 'force'>;
  /** Shown below the approval before anybody is asked. */
  readonly preview?: string | undefined;
}

export interface DecisionKindOfCommand {
  /** What runs must have been seen: without a terminal the digest says so. */
  readonly needsDigest: boolean;
  /** What a person is asked: yes or no. */
  readonly question: string;
  part(approval: Approval): DecisionPart | Promise<DecisionPart>;
}

export async function decideByCommand(
  { terminal, end }: CliContext,
  address: ApprovalAddress,
  options: DecisionOptions,
  { needsDigest, question, part }: DecisionKindOfCommand,
): Promise<void> {
  assertOfRun(address, options.run);
  const mustAsk = terminal.isInteractive && !options.yes && !options.json;
  if (needsDigest && !mustAsk && options.digest === undefined) {
    throw new CliError(
      EXIT.usage,
      'Nobody can be asked here: say with --digest which call you have seen.',
      `${COMMAND} approvals show ${approvalName(address)} shows the call and its digest.`,
    );
  }
  const client = connect(options);
  const approval = await client.approvals.get(address);
  const { fields, preview } = await part(approval);
  if (mustAsk) {
    terminal.print(await loadApprovalScreen(client, terminal, approval));
    const isShown = options.digest === undefined || options.digest === approval.digest;
    if (isShown && approval.viewer.canDecide) {
      if (preview !== undefined) terminal.print(`\n${preview}`);
      const answer = await terminal.ask(`\n${question} [y/N] `);
      if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
        terminal.note('Nothing was decided.');
        return end(EXIT.failed);
      }
    }
  }
  // Whoever was asked has seen this digest; whoever was not has said which one, or decides whatever pends.
  const digest = options.digest ?? (mustAsk ? approval.digest : undefined);
  const decided = await sendDecision(
    client,
    approval,
    {
      ...fields,
      ...(digest !== undefined && { digest }),
      ...(options.reason !== undefined && { reason: options.reason }),
      ...(options.force && { force: true }),
    },
    () => terminal.note('The decision is with the run; waiting for a worker to answer …'),
  );
  terminal.print(options.json ? jsonText(decided.answer) : decidedText(terminal, decided));
}
