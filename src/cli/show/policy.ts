/** Policies and what they would do, for people. Words of policies are as foreign here as those of models. */
import type { PolicyLayerVersion, PolicyReplay, PolicySimulation, ReplayExample } from '../../contract/policy.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Style, Terminal } from '../terminal.ts';
import { jsonLine } from './json.ts';
import { fields, own, table } from './table.ts';
import type { Field } from './table.ts';
import { absolute, duration } from './time.ts';

type Effect = PolicySimulation['verdict']['effect'];

const STYLES: Record<Effect, Style> = { allow: 'green', ask: 'yellow', deny: 'red' };
const SENTENCES: Record<Effect, string> = {
  allow: 'The call would run at once.',
  ask: 'The call would wait for consent.',
  deny: 'The call would be denied.',
};

export function simulationScreen(terminal: Terminal, { verdict, matched, layers }: PolicySimulation): string {
  const { effect, ruleId, layer, reason, risk } = verdict;
  const facts: Field[] = [
    ['verdict', own(terminal.style(STYLES[effect], effect))],
    ['rule', layer === null ? ruleId : `${ruleId} (${layer})`],
    ['reason', reason],
    ['risk', own(risk)],
    ...(effect === 'ask' ? askFields(verdict) : []),
    ...(verdict.shadow
      ? ([
          ['in shadow', `${verdict.shadow.effect}, by ${verdict.shadow.ruleId} (${verdict.shadow.layer})`],
        ] satisfies Field[])
      : []),
  ];
  const rows = matched.map((match) => [
    match.layer,
    match.ruleId,
    own(match.effect),
    own(
      match.errored ? 'its condition could not be evaluated' : match.overridden ? 'gives way to project or agent' : '',
    ),
  ]);
  const asked = layers.map(({ name, mode, rules }) => `${name}${mode === 'enforce' ? '' : ` (${mode})`}: ${rules}`);
  return [
    SENTENCES[effect],
    fields(terminal, facts),
    rows.length > 0 ? table(terminal, ['LAYER', 'RULE', 'SAYS', ''], rows) : 'No rule matched.',
    terminal.style('dim', presentInline(`Rules asked: ${asked.length > 0 ? asked.join(', ') : 'none'}.`)),
  ].join('\n\n');
}

function askFields(verdict: PolicySimulation['verdict']): Field[] {
  const { approverRules, allowedDecisions, decideWithinMs, executeWithinMs, onExpire, escalation, grantable } = verdict;
  const optional = (name: string, value: readonly string[] | undefined): Field[] =>
    value === undefined ? [] : [[name, value.join(', ')]];
  return [
    ['who decides', approverRules.map(approverText).join(', and ')],
    ['decisions', own(allowedDecisions.join(', '))],
    ...optional('channels', verdict.channels),
    ['to decide', own(`${duration(decideWithinMs)}, then ${onExpire}`)],
    ...(escalation?.steps ?? []).map((step): Field => [
      'escalated to',
      `${step.approverRules.map(approverText).join(', and ')}, for ${duration(step.decideWithinMs)}`,
    ]),
    ...(escalation ? ([['at last', own(escalation.then)]] satisfies Field[]) : []),
    ['to execute', own(duration(executeWithinMs))],
    ...optional('state', verdict.stateEditable),
    ...(grantable
      ? ([
          [
            'grantable',
            `${grantable.scopes.join(', ')}; ${duration(grantable.maxTtlMs)}, ${grantable.maxUses} uses at most`,
          ],
        ] satisfies Field[])
      : []),
    ...(verdict.batch ? ([['batch', own('all calls of the turn or none')]] satisfies Field[]) : []),
  ];
}

function approverText(rule: PolicySimulation['verdict']['approverRules'][number]): string {
  const { groups = [], users = [], approvals, notRequester, reasonRequired } = rule;
  const named = [...groups.map((group) => `group ${group}`), ...users];
  return [
    `${approvals} of ${named.length > 0 ? named.join(' or ') : 'the approvers'}`,
    ...(notRequester ? ['not the requester'] : []),
    ...(reasonRequired ? ['with a reason'] : []),
  ].join(', ');
}

export const layerTable = (terminal: Terminal, layers: readonly PolicyLayerVersion[]): string =>
  table(
    terminal,
    ['LAYER', 'MODE', 'RULES', 'PUT BY', 'PUT AT', 'DIGEST'],
    layers.map(({ name, mode, rules, putBy, putAt, digest }) => [
      name,
      own(mode),
      own(String(rules.length)),
      putBy,
      own(absolute(putAt)),
      own(digest.slice(0, 'sha256:'.length + 12)),
    ]),
  );

const KINDS = [
  ['stricter', 'Stricter'],
  ['laxer', 'Laxer'],
  ['different', 'Different (stricter in one respect, laxer in another)'],
] as const;

export function replayScreen(terminal: Terminal, replay: PolicyReplay): string {
  const { calls, counts, tools, examples, skipped, truncated } = replay;
  if (calls === 0) return skipped > 0 ? `None of ${skipped} calls could be read again.` : 'No calls were recorded.';
  const summary = `Of ${calls} calls: ${counts.same} as before, ${counts.stricter} stricter, ${counts.laxer} laxer, ${counts.different} different.`;
  const toolRows = tools.map(({ tool, calls: of, before, after }) => [
    tool,
    own(String(of)),
    ...(['allow', 'ask', 'deny'] as const).map((effect) =>
      own(before[effect] === after[effect] ? String(after[effect]) : `${before[effect]} → ${after[effect]}`),
    ),
  ]);
  const kinds = KINDS.flatMap(([kind, title]) =>
    examples[kind].length === 0
      ? []
      : [`${terminal.style('bold', title)}: ${counts[kind]}, for example\n${exampleTable(terminal, examples[kind])}`],
  );
  return [
    summary,
    table(terminal, ['TOOL', 'CALLS', 'ALLOW', 'ASK', 'DENY'], toolRows),
    ...kinds,
    ...(skipped > 0 ? [`${skipped} calls could not be read again: their record is erased or too old.`] : []),
    ...(truncated ? ['There are more calls: --limit and --since say which are looked at.'] : []),
  ].join('\n\n');
}

const exampleTable = (terminal: Terminal, examples: readonly ReplayExample[]): string =>
  table(
    terminal,
    ['CALL', 'TOOL', 'FOR', 'ARGUMENTS', 'BEFORE', 'AFTER'],
    examples.map((example) => [
      own(`${example.runId}/${example.toolCallId}`),
      example.tool,
      example.requester,
      example.arguments === undefined ? own('(long)') : jsonLine(example.arguments),
      summaryText(example.before),
      summaryText(example.after),
    ]),
  );

const summaryText = ({ effect, ruleId, approvals, risk }: ReplayExample['before']): string =>
  `${effect} by ${ruleId}${approvals > 1 ? `, ${approvals} people` : ''} (${risk})`;
