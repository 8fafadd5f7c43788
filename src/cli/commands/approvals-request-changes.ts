import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import type { CliContext } from '../context.ts';
import { decideByCommand, withDecisionOptions } from '../decision-command.ts';
import type { DecisionOptions } from '../decision-command.ts';
import { CliError, EXIT } from '../exit-codes.ts';

export const addApprovalsRequestChanges = (approvals: Command, context: CliContext): Command =>
  withDecisionOptions(approvals.command('request-changes'), {
    digest: 'only if this is what would run',
    reason: 'what to change: the model reads it, and may ask again',
  })
    .description('say what to change; the call does not run, and what the agent asks next is its next revision')
    .action(async (address: ApprovalAddress, options: DecisionOptions) => {
      if (options.reason === undefined || options.reason.trim() === '') {
        throw new CliError(EXIT.usage, 'Say with --reason what is to change.');
      }
      await decideByCommand(context, address, options, {
        needsDigest: false,
        question: 'Send it back with these words?',
        part: () => ({ fields: { decision: 'request_changes' } }),
      });
    });
