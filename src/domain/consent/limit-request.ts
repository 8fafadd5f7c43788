/** A run's request for more budget, in the form of a call: judged by policy, bound by a digest, decided like one. */
import { canonicalJson } from '../arguments/canonical-json.ts';
import { firstOf } from '../core/budget.ts';
import type { BudgetName } from '../core/budget.ts';
import { digestOf } from '../core/digest.ts';
import type { CompiledLayer } from '../policy/compile.ts';
import { evaluatePolicy } from '../policy/evaluate.ts';
import type { PolicyFacts } from '../policy/facts.ts';
import type { Budget, ToolDefinition } from '../schemas/agent.ts';
import { Verdict } from '../schemas/approval.ts';

const NAMES: Record<BudgetName, string> = { turns: 'limit:turns', tokens: 'limit:tokens', costMicros: 'limit:cost' };

const positive = { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER };
const INPUT_SCHEMA = {
  type: 'object',
  properties: {
    turns: positive,
    tokens: positive,
    costMicros: { type: 'object', additionalProperties: positive, minProperties: 1 },
  },
  additionalProperties: false,
  minProperties: 1,
};
const DESCRIPTION = 'Lets the run go on with these totals: what it has used so far counts towards them.';

const define = (name: string): ToolDefinition => {
  const bound = {
    name,
    source: 'countersign',
    description: DESCRIPTION,
    inputSchema: INPUT_SCHEMA,
    effect: 'none',
  } as const;
  return { ...bound, timeoutMs: 1, definitionDigest: digestOf(canonicalJson(bound)) };
};

const TOOLS = new Map(Object.values(NAMES).map((name) => [name, define(name)]));

/** What stands for the request among tools. No agent can bring a tool of such a name: models could not call it. */
export const limitTool = (name: string): ToolDefinition | undefined => TOOLS.get(name);

export const isLimit = ({ name }: { readonly name: string }): boolean => TOOLS.has(name);

export const limitToolOf = (budget: Budget): ToolDefinition => define(NAMES[firstOf(budget)]);

const ANYBODY = { approvals: 1, rejections: 1, notRequester: false, reasonRequired: false };
const DECISIONS = ['approve', 'edit', 'reject'] as const;

/**
 * Who may decide is for deployment and project to say, with rules that match `limit:*`: an agent has no say in its own
 * budget. It always asks, unless a rule denies. Nobody's silence raises it, and nothing remembers the answer.
 */
export const limitVerdict = (policy: readonly CompiledLayer[], facts: PolicyFacts): Verdict => {
  const layers = policy.filter(({ name }) => name === 'deployment' || name === 'project');
  const said = Verdict.parse(evaluatePolicy(layers, facts));
  if (said.effect === 'deny') return said;
  const { grantable: _, stateEditable: __, batch: ___, ...verdict } = said;
  const allowed = DECISIONS.filter((decision) => said.allowedDecisions.includes(decision));
  return {
    ...verdict,
    effect: 'ask',
    reason: said.layer === null ? 'The run has used up its budget.' : said.reason,
    allowedDecisions: said.effect === 'ask' && allowed.includes('approve') ? allowed : [...DECISIONS],
    approverRules: said.approverRules.length > 0 ? said.approverRules : [ANYBODY],
    onExpire: said.onExpire === 'escalate' && said.escalation ? 'escalate' : 'fail',
  };
};
