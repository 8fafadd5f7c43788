/** Commands that can be pasted: ids and digests only, nothing that a model has written. */
import type { Approval } from '../../contract/approvals.ts';
import { COMMAND } from '../context.ts';

type Named = Pick<Approval, 'runId' | 'key'>;

/** How an approval is named on the command line. */
export const approvalName = ({ runId, key }: Named): string => `${runId}/${key}`;

export const showCommand = (approval: Named): string => `${COMMAND} approvals show ${approvalName(approval)}`;

const COMMANDS: Readonly<Record<string, (approval: Approval) => string>> = {
  approve: (approval) => `${COMMAND} approvals approve ${approvalName(approval)} --digest ${approval.digest}`,
  reject: (approval) => `${COMMAND} approvals reject ${approvalName(approval)} --reason 'say why'`,
};

export const decideCommands = (approval: Approval): readonly string[] =>
  approval.viewer.decisions.flatMap((decision) => COMMANDS[decision]?.(approval) ?? []);
