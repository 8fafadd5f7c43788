/** Commands that can be pasted: ids and digests only, nothing that a model has written. */
import type { Approval } from '../../contract/approvals.ts';
import { COMMAND } from '../context.ts';

type Named = Pick<Approval, 'runId' | 'key'>;

/** How an approval is named on the command line. */
export const approvalName = ({ runId, key }: Named): string => `${runId}/${key}`;

export const showCommand = (approval: Named): string => `${COMMAND} approvals show ${approvalName(approval)}`;

const bound = (verb: string, approval: Approval): string => {
  const isReasonRequired = approval.approverRules.some(({ reasonRequired }) => reasonRequired);
  const reason = isReasonRequired ? " --reason 'say why'" : '';
  return `${COMMAND} approvals ${verb} ${approvalName(approval)} --digest ${approval.digest}${reason}`;
};

// What stands for something to fill in is refused where it is pasted as it is.
const COMMANDS: Readonly<Record<string, (approval: Approval) => readonly string[]>> = {
  approve: (approval) => {
    const approve = bound('approve', approval);
    const [scope] = approval.grantable?.scopes ?? [];
    return [
      approve,
      ...(scope === undefined
        ? []
        : [`${approve} --remember ${scope} --ttl ${exampleTtl(approval)} --uses ${exampleUses(approval)}`]),
      ...(approval.stateEditable.length === 0 ? [] : [`${approve} --edit-state 'path=value'`]),
    ];
  },
  reject: (approval) => [`${COMMAND} approvals reject ${approvalName(approval)} --reason 'say why'`],
  edit: (approval) => [`${bound('edit', approval)} --set 'path=value'`],
  respond: (approval) => [
    approval.question?.options
      ? `${bound('respond', approval)} --option 1`
      : approval.question?.schema
        ? `${bound('respond', approval)} --value 'the answer, as JSON'`
        : `${bound('respond', approval)} --text 'your answer'`,
  ],
  request_changes: (approval) => [
    `${COMMAND} approvals request-changes ${approvalName(approval)} --reason 'what to change'`,
  ],
};

const HOUR_MS = 3_600_000;

const exampleTtl = ({ grantable }: Approval): string => {
  const maxTtlMs = grantable?.maxTtlMs ?? HOUR_MS;
  return maxTtlMs >= HOUR_MS ? '1h' : `${maxTtlMs}ms`;
};

const exampleUses = ({ grantable }: Approval): number => Math.min(10, grantable?.maxUses ?? 1);

export const decideCommands = (approval: Approval): readonly string[] =>
  approval.viewer.decisions.flatMap((decision) => COMMANDS[decision]?.(approval) ?? []);

/** What may be done about it beside deciding. */
export const tendCommands = (approval: Approval): readonly string[] => [
  ...(approval.viewer.canClaim ? [`${COMMAND} approvals claim ${approvalName(approval)}`] : []),
  ...(approval.viewer.canExtend ? [`${COMMAND} approvals extend ${approvalName(approval)} --by 4h`] : []),
];
