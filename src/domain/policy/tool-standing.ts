import type { CompiledLayer, CompiledRule } from './compile.ts';
import { EFFECTS } from './policy-schema.ts';
import type { Effect, PolicyLayerName } from './policy-schema.ts';

/** What policy says of a tool whatever it is called with; `depends` where its conditions have the last word. */
export type ToolStanding = 'allowed' | 'asks' | 'denied' | 'depends';

const STANDINGS: Record<Effect, ToolStanding> = { allow: 'allowed', ask: 'asks', deny: 'denied' };

interface Applying {
  readonly layer: PolicyLayerName;
  readonly rule: CompiledRule['rule'];
}

/** Told to models and people beforehand. The verdict of a call is made with its arguments, and it alone counts. */
export function toolStanding(layers: readonly CompiledLayer[], toolName: string): ToolStanding {
  const applying: Applying[] = layers
    .filter((layer) => layer.mode === 'enforce')
    .flatMap(({ name, rules }) =>
      rules.filter((one) => one.matchesTool(toolName)).map(({ rule }) => ({ layer: name, rule })),
    );
  const overriding = applying.filter(({ layer }) => layer === 'project' || layer === 'agent');
  const isFree = overriding.some(({ rule }) => rule.when === undefined);
  const standing = applying.filter((one) => !(isFree && isOverridable(one)));
  const isSure = (one: Applying): boolean =>
    one.rule.when === undefined && !(isOverridable(one) && overriding.length > 0);
  const sure = strictestOf(standing.filter(isSure).map(({ rule }) => rule.effect));
  const possible = new Set([
    sure ?? 'ask',
    ...standing.filter((one) => !isSure(one)).map(({ rule }) => strictestOf([rule.effect, sure ?? 'allow']) ?? 'ask'),
  ]);
  const [only, another] = possible;
  return only === undefined || another !== undefined ? 'depends' : STANDINGS[only];
}

const isOverridable = ({ layer, rule }: Applying): boolean => layer === 'deployment' && rule.overridable === true;

/** Undefined where there is none: no rule has an opinion. */
const strictestOf = (effects: readonly Effect[]): Effect | undefined =>
  EFFECTS.toReversed().find((effect) => effects.includes(effect));
