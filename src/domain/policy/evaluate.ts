import type { ApproverRule, DecisionKind, Risk } from '../schemas/approval.ts';
import type { CompiledLayer, CompiledRule } from './compile.ts';
import type { PolicyFacts } from './facts.ts';
import { DECISIONS, EFFECTS, EXPIRY_OUTCOMES, RISKS } from './policy-schema.ts';
import type { Effect, ExpiryOutcome, PolicyLayerName, Rule } from './policy-schema.ts';

const HOUR_MS = 3_600_000;
/** How long a person may take, where no rule says. */
export const DEFAULT_DECIDE_WITHIN_MS = 24 * HOUR_MS;
/** How long an approved call stays approved, where no rule says. */
export const DEFAULT_EXECUTE_WITHIN_MS = HOUR_MS;
/** The risk of a rule that states none, by its effect; of a call without a rule, that of `ask`. */
export const DEFAULT_RISKS: Record<Effect, Risk> = { allow: 'low', ask: 'medium', deny: 'medium' };
export const DEFAULT_ON_EXPIRE: ExpiryOutcome = 'deny';
/** Any person with the approver role in the project, the requester included. */
export const DEFAULT_APPROVER_RULE: ApproverRule = {
  approvals: 1,
  rejections: 1,
  notRequester: false,
  reasonRequired: false,
};
/** The rule id of a verdict that no rule made. */
export const DEFAULT_RULE_ID = 'default';

export interface MatchedRule {
  readonly layer: PolicyLayerName;
  readonly ruleId: string;
  /** As the rule says; the effect it had is `ask` where an `allow` rule errored. */
  readonly effect: Effect;
  /** Its condition could not be evaluated, so it asks (or denies, where that is its effect). */
  readonly errored?: true;
}

/** What policy says of one call: plain JSON, recorded with the facts it was made from. */
export interface Verdict {
  readonly effect: Effect;
  /** The first rule, from deployment to tool, that has this effect; `default` where none matched. */
  readonly ruleId: string;
  readonly layer: PolicyLayerName | null;
  readonly reason: string;
  readonly risk: Risk;
  /** Empty unless the effect is `ask`. */
  readonly allowedDecisions: readonly DecisionKind[];
  /** All must be satisfied. Empty unless the effect is `ask`. */
  readonly approverRules: readonly ApproverRule[];
  readonly decideWithinMs: number;
  readonly executeWithinMs: number;
  readonly onExpire: ExpiryOutcome;
  readonly matched: readonly MatchedRule[];
}

interface Match {
  readonly layer: PolicyLayerName;
  readonly rule: CompiledRule['rule'];
  readonly effect: Effect;
  readonly errored: boolean;
}

/**
 * Combines all rules that match, whatever their layer and order, by the strictest of each field: adding a rule or a layer
 * never loosens a verdict that another rule made. A layer without a match has no opinion; without any match the call asks.
 */
export function evaluatePolicy(layers: readonly CompiledLayer[], facts: PolicyFacts): Verdict {
  const matches = layers.flatMap(({ name, rules }) => rules.flatMap((rule) => matchOf(name, rule, facts)));
  const effect = strictest(
    EFFECTS,
    matches.map((match) => match.effect),
    'ask',
  );
  const deciding = matches.find((match) => match.effect === effect);
  const asking = matches.filter((match) => match.effect === 'ask').map((match) => match.rule);
  const asks = effect === 'ask';
  return {
    effect,
    ruleId: deciding?.rule.id ?? DEFAULT_RULE_ID,
    layer: deciding?.layer ?? null,
    reason: reasonOf(deciding),
    risk: strictest(
      RISKS,
      matches.map((match) => match.rule.risk ?? DEFAULT_RISKS[match.effect]),
      DEFAULT_RISKS.ask,
    ),
    allowedDecisions: asks ? DECISIONS.filter((decision) => asking.every((rule) => allows(rule, decision))) : [],
    approverRules: asks ? distinctApproverRules(asking.map((rule) => rule.approvers ?? DEFAULT_APPROVER_RULE)) : [],
    // A rule that names no time means the default: another rule cannot lengthen it.
    decideWithinMs: lowest(
      asking.map((rule) => rule.decideWithinMs ?? DEFAULT_DECIDE_WITHIN_MS),
      DEFAULT_DECIDE_WITHIN_MS,
    ),
    executeWithinMs: lowest(
      asking.map((rule) => rule.executeWithinMs ?? DEFAULT_EXECUTE_WITHIN_MS),
      DEFAULT_EXECUTE_WITHIN_MS,
    ),
    onExpire: strictest(
      EXPIRY_OUTCOMES,
      asking.map((rule) => rule.onExpire ?? DEFAULT_ON_EXPIRE),
      DEFAULT_ON_EXPIRE,
    ),
    matched: matches.map(({ layer, rule, errored }) => ({
      layer,
      ruleId: rule.id,
      effect: rule.effect,
      ...(errored && { errored }),
    })),
  };
}

function matchOf(layer: PolicyLayerName, { rule, matchesTool, condition }: CompiledRule, facts: PolicyFacts): Match[] {
  if (!matchesTool(facts.tool.name)) return [];
  if (condition === undefined) return [{ layer, rule, effect: rule.effect, errored: false }];
  const outcome = condition(facts);
  if (!outcome.ok) return [{ layer, rule, effect: rule.effect === 'allow' ? 'ask' : rule.effect, errored: true }];
  return outcome.matches ? [{ layer, rule, effect: rule.effect, errored: false }] : [];
}

/** Of values ordered from lenient to strict. */
function strictest<Value>(order: readonly Value[], values: readonly Value[], fallback: Value): Value {
  const index = Math.max(...values.map((value) => order.indexOf(value)));
  return order[index] ?? fallback;
}

const allows = (rule: Rule, decision: DecisionKind): boolean => rule.allowedDecisions?.includes(decision) ?? true;

const lowest = (values: readonly number[], fallback: number): number =>
  values.length > 0 ? Math.min(...values) : fallback;

/** The default rule asks for nothing that any other does not, so it stands only alone. */
function distinctApproverRules(rules: readonly ApproverRule[]): ApproverRule[] {
  const byText = new Map(rules.map((rule) => [textOf(rule), rule]));
  byText.delete(textOf(DEFAULT_APPROVER_RULE));
  return byText.size > 0 ? [...byText.values()] : [DEFAULT_APPROVER_RULE];
}

const textOf = ({ groups, users, approvals, rejections, notRequester, reasonRequired }: ApproverRule): string =>
  JSON.stringify([groups, users, approvals, rejections, notRequester, reasonRequired]);

const VERBS: Record<Effect, string> = {
  allow: 'allows this call',
  ask: 'asks for a decision',
  deny: 'denies this call',
};

function reasonOf(deciding: Match | undefined): string {
  if (deciding === undefined) return 'No policy rule matched; calls without a rule need a decision.';
  const { layer, rule, effect, errored } = deciding;
  const subject = `Rule "${rule.id}" of the ${layer} policy`;
  if (errored) return `${subject} could not be evaluated, so it ${VERBS[effect]}.`;
  return rule.reason ?? `${subject} ${VERBS[effect]}.`;
}
