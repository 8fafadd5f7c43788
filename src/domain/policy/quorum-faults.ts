/** Approver rules that nobody could ever satisfy: with the people they name, or with those that there are. */
import type { ApproverRule } from '../schemas/approval.ts';

/** Whom a deployment knows. What is left out is not checked. */
export interface KnownPeople {
  readonly groups?: readonly string[];
  /** Principals of each group, all of them. Its names are known groups. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

export interface QuorumFault {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

interface Asking {
  readonly approvers?: ApproverRule | undefined;
  readonly escalate?: readonly { readonly approvers: ApproverRule }[] | undefined;
}

export const quorumFaults = ({ approvers, escalate = [] }: Asking, people: KnownPeople): QuorumFault[] => [
  ...(approvers ? faultsOf(approvers, ['approvers'], people) : []),
  ...escalate.flatMap((step, index) => faultsOf(step.approvers, ['escalate', index, 'approvers'], people)),
];

function faultsOf(rule: ApproverRule, at: readonly (string | number)[], people: KnownPeople): QuorumFault[] {
  const known = knownGroups(people);
  const faults: QuorumFault[] = [];
  for (const [index, group] of (rule.groups ?? []).entries()) {
    if (known !== undefined && !known.has(group))
      faults.push({ path: [...at, 'groups', index], message: `There is no group "${group}"` });
  }
  const count = candidateCount(rule, people);
  if (count === undefined) return faults;
  for (const field of ['approvals', 'rejections'] as const) {
    if (rule[field] > count)
      faults.push({
        path: [...at, field],
        message: `It takes ${rule[field]} different people, and the rule names ${count}`,
      });
  }
  return faults;
}

const knownGroups = ({ groups, members }: KnownPeople): Set<string> | undefined =>
  groups === undefined && members === undefined
    ? undefined
    : new Set([...(groups ?? []), ...Object.keys(members ?? {})]);

/** How many different people the rule can count; undefined where nobody can tell. */
function candidateCount({ groups, users }: ApproverRule, { members }: KnownPeople): number | undefined {
  if (groups === undefined) return users === undefined ? undefined : new Set(users).size;
  if (members === undefined) return undefined;
  // A group whose members nobody has listed may have any number of them.
  if (groups.some((group) => !Object.hasOwn(members, group))) return undefined;
  return new Set([...groups.flatMap((group) => members[group] ?? []), ...(users ?? [])]).size;
}
