/** The terms on which a call asks: of each field the strictest that any asking rule says. */
import { ruleText } from '../core/approver-rules.ts';
import type { ApproverRule, EscalationStep, Grantable, Verdict } from '../schemas/approval.ts';
import { commonStatePatterns } from '../state/state-path.ts';
import { DEFAULT_DECIDE_WITHIN_MS } from './clock-faults.ts';
import { DECISIONS, DEFAULT_MAX_REMINDERS, EXPIRY_OUTCOMES, LADDER_ENDS } from './policy-schema.ts';
import type { ExpiryOutcome, Rule } from './policy-schema.ts';

const HOUR_MS = 3_600_000;
/** How long an approved call stays approved, where no rule says. */
export const DEFAULT_EXECUTE_WITHIN_MS = HOUR_MS;
export const DEFAULT_ON_EXPIRE: ExpiryOutcome = 'deny';
/** Any person with the approver role in the project, the requester included. */
export const DEFAULT_APPROVER_RULE: ApproverRule = {
  approvals: 1,
  rejections: 1,
  notRequester: false,
  reasonRequired: false,
};

/** Of values ordered from lenient to strict. */
export function strictest<Value>(order: readonly Value[], values: readonly Value[], fallback: Value): Value {
  const index = Math.max(...values.map((value) => order.indexOf(value)));
  return order[index] ?? fallback;
}

export type AskTerms = Pick<
  Verdict,
  | 'allowedDecisions'
  | 'approverRules'
  | 'decideWithinMs'
  | 'executeWithinMs'
  | 'onExpire'
  | 'escalation'
  | 'warnBeforeMs'
  | 'reminders'
  | 'stateEditable'
  | 'grantable'
  | 'batch'
  | 'channels'
>;

/**
 * A rule that is silent about a field means its default, which another rule cannot loosen: it is enough that one asking
 * rule is not grantable, or names no path of the state, for none to be.
 */
export function askTerms(asking: readonly Rule[]): AskTerms {
  const onExpire = strictest(
    EXPIRY_OUTCOMES,
    asking.map((rule) => rule.onExpire ?? DEFAULT_ON_EXPIRE),
    DEFAULT_ON_EXPIRE,
  );
  // A rule that names no time means the default: another rule cannot lengthen it.
  const times = asking.map((rule) => rule.decideWithinMs ?? DEFAULT_DECIDE_WITHIN_MS);
  // Where silence allows the call, it is the longest wait that is strictest.
  const decideWithinMs = onExpire === 'allow' ? Math.max(...times) : lowest(times, DEFAULT_DECIDE_WITHIN_MS);
  const escalation = onExpire === 'escalate' ? joinedLadder(asking) : undefined;
  const warnBeforeMs = earliestWarning(asking, decideWithinMs);
  const reminders = joinedReminders(asking);
  const stateEditable = commonPatterns(asking);
  const grantable = commonGrantable(asking);
  const channels = commonChannels(asking);
  return {
    allowedDecisions: DECISIONS.filter((decision) =>
      asking.every((rule) => rule.allowedDecisions?.includes(decision) ?? true),
    ),
    approverRules: distinctApproverRules(asking.map((rule) => rule.approvers ?? DEFAULT_APPROVER_RULE)),
    decideWithinMs,
    executeWithinMs: lowest(
      asking.map((rule) => rule.executeWithinMs ?? DEFAULT_EXECUTE_WITHIN_MS),
      DEFAULT_EXECUTE_WITHIN_MS,
    ),
    onExpire,
    ...(escalation && { escalation }),
    ...(warnBeforeMs !== undefined && { warnBeforeMs }),
    ...(reminders && { reminders }),
    ...(stateEditable.length > 0 && { stateEditable }),
    ...(grantable && { grantable }),
    ...(asking.some((rule) => rule.batch !== undefined) && { batch: 'all_or_nothing' }),
    ...(channels && { channels }),
  };
}

/** Whether any answer but a rejection is left to give, and any way to give it. */
export const isDecidable = ({ allowedDecisions, channels }: AskTerms): boolean =>
  allowedDecisions.some((decision) => decision !== 'reject') && (channels === undefined || channels.length > 0);

const lowest = (values: readonly number[], fallback: number): number =>
  values.length > 0 ? Math.min(...values) : fallback;

const isPresent = <Value>(value: Value | undefined): value is Value => value !== undefined;

/** The default rule asks for nothing that any other does not, so it stands only alone. */
function distinctApproverRules(rules: readonly ApproverRule[]): ApproverRule[] {
  const byText = new Map(rules.map((rule) => [ruleText(rule), rule]));
  byText.delete(ruleText(DEFAULT_APPROVER_RULE));
  return byText.size > 0 ? [...byText.values()] : [DEFAULT_APPROVER_RULE];
}

/**
 * All ladders at once: each step asks whom any of them asks, for the shortest time, and ends where the first of them does.
 * Waiting is no way around who may not decide: a step excludes whom the rule excludes, and wants a reason where it does.
 */
function joinedLadder(asking: readonly Rule[]): Verdict['escalation'] {
  const ladders = asking.flatMap(({ escalate, escalateThen = 'deny', approvers = DEFAULT_APPROVER_RULE }) =>
    escalate === undefined ? [] : [{ steps: escalate.map((step) => heldTo(approvers, step)), end: escalateThen }],
  );
  const length = Math.min(...ladders.map(({ steps }) => steps.length));
  if (!Number.isFinite(length)) return undefined;
  const steps: EscalationStep[] = [];
  for (let index = 0; index < length; index++) {
    const sameStep = ladders.map((ladder) => ladder.steps[index]).filter(isPresent);
    steps.push({
      approverRules: distinctApproverRules(sameStep.map((step) => step.approvers)),
      decideWithinMs: Math.min(...sameStep.map((step) => step.withinMs)),
    });
  }
  const ends = ladders.map(({ end }) => end);
  return { steps, then: strictest(LADDER_ENDS, ends, 'deny') };
}

type LadderStep = NonNullable<Rule['escalate']>[number];

const heldTo = (base: ApproverRule, { approvers, withinMs }: LadderStep): LadderStep => ({
  withinMs,
  approvers: {
    ...approvers,
    notRequester: approvers.notRequester || base.notRequester,
    reasonRequired: approvers.reasonRequired || base.reasonRequired,
  },
});

/** The earliest that still comes after the request: another rule may have cut the time short. */
function earliestWarning(asking: readonly Rule[], decideWithinMs: number): number | undefined {
  const fitting = asking
    .map((rule) => rule.warnBeforeMs)
    .filter(isPresent)
    .filter((time) => time < decideWithinMs);
  return fitting.length > 0 ? Math.max(...fitting) : undefined;
}

function joinedReminders(asking: readonly Rule[]): Verdict['reminders'] {
  const reminding = asking.flatMap(({ remindEveryMs, maxReminders = DEFAULT_MAX_REMINDERS }) =>
    remindEveryMs === undefined ? [] : [{ everyMs: remindEveryMs, max: maxReminders }],
  );
  if (reminding.length === 0) return undefined;
  return {
    everyMs: Math.min(...reminding.map(({ everyMs }) => everyMs)),
    max: Math.max(...reminding.map(({ max }) => max)),
  };
}

function commonPatterns(asking: readonly Rule[]): string[] {
  const [first = [], ...others] = asking.map((rule) => rule.stateEditable ?? []);
  return others.reduce<string[]>((common, patterns) => commonStatePatterns(common, patterns), [...new Set(first)]);
}

function commonGrantable(asking: readonly Rule[]): Grantable | undefined {
  const limits = asking.map((rule) => rule.grantable).filter(isPresent);
  const [first] = limits;
  if (first === undefined || limits.length < asking.length) return undefined;
  const scopes = [...new Set(first.scopes)].filter((scope) => limits.every((one) => one.scopes.includes(scope)));
  if (scopes.length === 0) return undefined;
  return {
    scopes,
    maxTtlMs: Math.min(...limits.map(({ maxTtlMs }) => maxTtlMs)),
    maxUses: Math.min(...limits.map(({ maxUses }) => maxUses)),
  };
}

function commonChannels(asking: readonly Rule[]): Verdict['channels'] {
  const named = asking.map((rule) => rule.channels).filter(isPresent);
  const [first, ...others] = named;
  if (first === undefined) return undefined;
  return [...new Set(first)].filter((channel) => others.every((channels) => channels.includes(channel)));
}
