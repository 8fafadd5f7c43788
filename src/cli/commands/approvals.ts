import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addApprovalsApprove } from './approvals-approve.ts';
import { addApprovalsClaim } from './approvals-claim.ts';
import { addApprovalsDecide } from './approvals-decide.ts';
import { addApprovalsEdit } from './approvals-edit.ts';
import { addApprovalsExtend } from './approvals-extend.ts';
import { addApprovalsList } from './approvals-list.ts';
import { addApprovalsReject } from './approvals-reject.ts';
import { addApprovalsRelease } from './approvals-release.ts';
import { addApprovalsRequestChanges } from './approvals-request-changes.ts';
import { addApprovalsRespond } from './approvals-respond.ts';
import { addApprovalsShow } from './approvals-show.ts';
import { addApprovalsWatch } from './approvals-watch.ts';

export function addApprovals(program: Command, context: CliContext): void {
  const approvals = program.command('approvals').description('look at and decide what agents ask consent for');
  addApprovalsList(approvals, context);
  addApprovalsWatch(approvals, context);
  addApprovalsShow(approvals, context);
  addApprovalsApprove(approvals, context);
  addApprovalsReject(approvals, context);
  addApprovalsEdit(approvals, context);
  addApprovalsRespond(approvals, context);
  addApprovalsRequestChanges(approvals, context);
  addApprovalsDecide(approvals, context);
  addApprovalsClaim(approvals, context);
  addApprovalsRelease(approvals, context);
  addApprovalsExtend(approvals, context);
}
