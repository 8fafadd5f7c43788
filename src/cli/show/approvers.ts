/** Who must agree, and who has. */
import type { Approval } from '../../contract/approvals.ts';
import { presentInline } from '../../domain/present/present.ts';
import { decisionSentence } from './decision.ts';
import { own } from './table.ts';
import type { Field } from './table.ts';
import { relative } from './time.ts';

type Rule = Approval['approverRules'][number];

/** A line for each rule: all of them must be satisfied. */
export function approverFields({ approverRules, progress, status }: Approval): Field[] {
  if (approverRules.length === 0) return [['Approvers', own('any approver of the project')]];
  return approverRules.map((rule, index) => {
    const sofar = progress[index];
    const counted = sofar && (rule.approvals > 1 || rule.rejections > 1) ? `; ${countOf(sofar)}` : '';
    return [index === 0 ? 'Approvers' : '  and', `${ruleText(rule)}${status === 'pending' ? counted : ''}`];
  });
}

const countOf = ({ text, rejected, rejections }: Approval['progress'][number]): string =>
  rejected === 0 ? `${text} so far` : `${text} so far, ${rejected} of ${rejections} against`;

function ruleText({ groups = [], users = [], approvals, rejections, notRequester, reasonRequired }: Rule): string {
  const named = [...groups.map((group) => `group ${group}`), ...users];
  const who = named.length === 0 ? 'any approver' : named.join(' or ');
  return [
    approvals > 1 ? `${approvals} people: ${who}` : who,
    ...(rejections > 1 ? [`${rejections} to reject`] : []),
    ...(notRequester ? ['not the requester'] : []),
    ...(reasonRequired ? ['with a reason'] : []),
  ].join(', ');
}

/** Each vote, in order. */
export const voteFields = ({ votes }: Approval, nowMs: number): Field[] =>
  votes.map((vote, index) => [
    index === 0 ? 'Votes' : '',
    `${decisionSentence(vote)} (${relative(vote.decidedAt, nowMs)})`,
  ]);

/** `1 of 2` for a table; empty where one person's answer is enough. */
export const progressCell = ({ approverRules, progress }: Approval): string =>
  progress
    .filter((_, index) => (approverRules[index]?.approvals ?? 1) > 1)
    .map(({ text }) => presentInline(text))
    .join(', ');
