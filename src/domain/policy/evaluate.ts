import type { Risk, Verdict as RecordedVerdict } from '../schemas/approval.ts';
import { askTerms, isDecidable, strictest } from './ask-terms.ts';
import type { AskTerms } from './ask-terms.ts';
import type { CompiledLayer, CompiledRule } from './compile.ts';
import type { PolicyFacts } from './facts.ts';
import { EFFECTS, RISKS } from './policy-schema.ts';
import type { Effect, PolicyLayerName } from './policy-schema.ts';

/** The risk of a rule that states none, by its effect; of a call without a rule, that of `ask`. */
export const DEFAULT_RISKS: Record<Effect, Risk> = { allow: 'low', ask: 'medium', deny: 'medium' };
/** The rule id of a verdict that no rule made. */
export const DEFAULT_RULE_ID = 'default';

export interface MatchedRule {
  readonly layer: PolicyLayerName;
  readonly ruleId: string;
  /** As the rule says; the effect it had is `ask` where an `allow` rule errored. */
  readonly effect: Effect;
  /** Its condition could not be evaluated, so it asks (or denies, where that is its effect). */
  readonly errored?: true;
  /** A rule of project or agent has taken its place. */
  readonly overridden?: true;
}

/** What policy says of one call: plain JSON. Without `matched` it is what is recorded with the call. */
export interface Verdict extends RecordedVerdict {
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
 * never loosens a verdict that another rule made, but for rules that the deployment marks `overridable`. A layer without a
 * match has no opinion; without any match the call asks. Layers in shadow mode are told of, and change nothing.
 */
export function evaluatePolicy(layers: readonly CompiledLayer[], facts: PolicyFacts): Verdict {
  const enforced = verdictOf(
    layers.filter((layer) => layer.mode === 'enforce'),
    facts,
  );
  const shadow = shadowOf(layers, enforced, facts);
  const { matched, ...verdict } = enforced;
  return { ...verdict, ...(shadow && { shadow }), matched };
}

/** What would be said if the layers in shadow mode were enforced, each in the place of the one of its name. */
function shadowOf(layers: readonly CompiledLayer[], enforced: Verdict, facts: PolicyFacts): RecordedVerdict['shadow'] {
  // One without rules tries nothing: so is a trial ended.
  const shadows = layers.filter((layer) => layer.mode === 'shadow' && layer.rules.length > 0);
  if (shadows.length === 0) return undefined;
  const shadowed = new Set(shadows.map(({ name }) => name));
  const others = layers.filter((layer) => layer.mode === 'enforce' && !shadowed.has(layer.name));
  const would = verdictOf([...others, ...shadows], facts);
  if (demandsOf(would) === demandsOf(enforced)) return undefined;
  return { effect: would.effect, ruleId: would.ruleId, layer: would.layer ?? DEFAULT_RULE_ID };
}

/** What makes a difference to people, as text. Which rule says it makes none. */
const demandsOf = ({ ruleId: _, layer: __, reason: ___, matched: ____, ...demands }: Verdict): string =>
  JSON.stringify(demands);

function verdictOf(layers: readonly CompiledLayer[], facts: PolicyFacts): Verdict {
  const all = layers.flatMap(({ name, rules }) => rules.flatMap((rule) => matchOf(name, rule, facts)));
  const isOverridden = overriddenAmong(all);
  const matches = all.filter((match) => !isOverridden(match));
  const asking = matches.filter((match) => match.effect === 'ask').map((match) => match.rule);
  const terms = askTerms(asking);
  const wanted = strictest(
    EFFECTS,
    matches.map((match) => match.effect),
    'ask',
  );
  const deciding = matches.find((match) => match.effect === wanted);
  const isStuck = wanted === 'ask' && !isDecidable(terms);
  const effect = isStuck ? 'deny' : wanted;
  const risk = strictest(
    RISKS,
    matches.map((match) => match.rule.risk ?? DEFAULT_RISKS[match.effect]),
    DEFAULT_RISKS.ask,
  );
  return {
    effect,
    ruleId: deciding?.rule.id ?? DEFAULT_RULE_ID,
    layer: deciding?.layer ?? null,
    reason: isStuck ? STUCK_REASON : reasonOf(deciding),
    risk,
    ...(effect === 'ask' ? ofRisk(risk, terms) : withoutPeople(terms)),
    matched: all.map((match) => ({
      layer: match.layer,
      ruleId: match.rule.id,
      effect: match.rule.effect,
      ...(match.errored && { errored: match.errored }),
      ...(isOverridden(match) && { overridden: true }),
    })),
  };
}

/** Another rule may know of a risk that the rule with the expiry does not: then silence is no consent. */
const ofRisk = (risk: Risk, terms: AskTerms): AskTerms =>
  terms.onExpire === 'allow' && (risk === 'high' || risk === 'critical') ? { ...terms, onExpire: 'deny' } : terms;

/** Nobody decides a call that is allowed or denied. */
const withoutPeople = ({ decideWithinMs, executeWithinMs, onExpire }: AskTerms): AskTerms => ({
  allowedDecisions: [],
  approverRules: [],
  decideWithinMs,
  executeWithinMs,
  // A ladder is of no use where nobody is asked, and an outcome that needs one is not whole without it.
  onExpire: onExpire === 'escalate' ? 'deny' : onExpire,
});

const OVERRIDING: readonly PolicyLayerName[] = ['project', 'agent'];

/** What a project or an agent says goes before what the deployment leaves to them. A rule that failed says nothing. */
function overriddenAmong(matches: readonly Match[]): (match: Match) => boolean {
  const isSpokenFor = matches.some(({ layer, errored }) => OVERRIDING.includes(layer) && !errored);
  return ({ layer, rule }) => isSpokenFor && layer === 'deployment' && rule.overridable === true;
}

function matchOf(layer: PolicyLayerName, { rule, matchesTool, condition }: CompiledRule, facts: PolicyFacts): Match[] {
  if (!matchesTool(facts.tool.name)) return [];
  if (condition === undefined) return [{ layer, rule, effect: rule.effect, errored: false }];
  const outcome = condition(facts);
  if (!outcome.ok) return [{ layer, rule, effect: rule.effect === 'allow' ? 'ask' : rule.effect, errored: true }];
  return outcome.matches ? [{ layer, rule, effect: rule.effect, errored: false }] : [];
}

const VERBS: Record<Effect, string> = {
  allow: 'allows this call',
  ask: 'asks for a decision',
  deny: 'denies this call',
};

const STUCK_REASON = 'The rules that ask leave no decision that could approve this call, or no channel to give it.';

function reasonOf(deciding: Match | undefined): string {
  if (deciding === undefined) return 'No policy rule matched; calls without a rule need a decision.';
  const { layer, rule, effect, errored } = deciding;
  const subject = `Rule "${rule.id}" of the ${layer} policy`;
  if (errored) return `${subject} could not be evaluated, so it ${VERBS[effect]}.`;
  return rule.reason ?? `${subject} ${VERBS[effect]}.`;
}
