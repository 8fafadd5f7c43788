import type { Command } from 'commander';
import type { ApprovalAddress } from '../../client/index.ts';
import type { CliContext } from '../context.ts';
import { decideByCommand, withDecisionOptions } from '../decision-command.ts';
import type { DecisionOptions } from '../decision-command.ts';

/** A rejection only tightens: it needs no digest, and where nobody can be asked it is taken at its word. */
export const addApprovalsReject = (approvals: Command, context: CliContext): Command =>
  withDecisionOptions(approvals.command('reject'), {
    digest: 'refuse only if this is what would run',
    reason: 'why not: the model reads it',
  })
    .description('refuse a call; the reason reaches the model')
    .action(async (address: ApprovalAddress, options: DecisionOptions) => {
      await decideByCommand(context, address, options, {
        needsDigest: false,
        question: 'Reject this call?',
        part: () => ({ fields: { decision: 'reject' } }),
      });
    });
