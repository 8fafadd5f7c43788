import { Environment } from '@marcbachmann/cel-js';
import type { ParseResult } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { CostMeter, meterNodes, operandsOf } from './cel-cost.ts';
import type { CelNode } from './cel-cost.ts';
import type { PolicyFacts } from './facts.ts';
import { MAX_EXPRESSION_LENGTH } from './policy-schema.ts';

export type ConditionOutcome =
  | { readonly ok: true; readonly matches: boolean }
  | { readonly ok: false; readonly code: 'evaluation_failed' | 'not_boolean' | 'cost_exceeded' };

export type Condition = (facts: PolicyFacts) => ConditionOutcome;

export type ConditionResult =
  | { readonly ok: true; readonly condition: Condition }
  | { readonly ok: false; readonly message: string };

const MAX_AST_NODES = 1_000;
const MAX_AST_DEPTH = 64;
const MAX_PATTERN_LENGTH = 1_000;
const MAX_PATTERN_INSTRUCTIONS = 5_000;

/** Deterministic, bounded functions; timezone variants, bytes and `cel.bind` stay out. */
const FUNCTIONS = new Set(['has', 'size', 'int', 'double', 'string', 'bool', 'type', 'dyn', 'timestamp', 'duration']);
const METHODS = new Set([
  ...['all', 'exists', 'exists_one', 'filter', 'map', 'size', 'join'],
  ...['startsWith', 'endsWith', 'contains', 'matches', 'lowerAscii', 'upperAscii', 'trim'],
  ...['indexOf', 'lastIndexOf', 'substring', 'split'],
  ...['getFullYear', 'getMonth', 'getDate', 'getDayOfMonth', 'getDayOfWeek', 'getHours', 'getMinutes', 'getSeconds'],
]);

/** What a name is called by after the check below: the library's own `matches` backtracks, its `timestamp` reads local time. */
const LINEAR_MATCHES = 'matchesPattern';
const UTC_TIMESTAMP = 'timestampWithZone';

const meter = new CostMeter();

const MAX_CACHED_PATTERNS = 1_000;
const patterns = new Map<string, RE2JS>();

function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  if (patterns.size >= MAX_CACHED_PATTERNS) patterns.clear();
  const compiled = RE2JS.compile(pattern);
  patterns.set(pattern, compiled);
  return compiled;
}

const environment = createEnvironment();

function createEnvironment(): Environment {
  const created = new Environment({
    limits: { maxAstNodes: MAX_AST_NODES, maxDepth: MAX_AST_DEPTH, maxListElements: 500, maxMapEntries: 100 },
  })
    .registerVariable('args', 'dyn')
    .registerVariable('tool', {
      schema: { name: 'string', source: 'string', effect: 'string', annotations: 'map<string, dyn>' },
    })
    .registerVariable('run', {
      schema: { agent: 'string', depth: 'int', turn: 'int', startedAt: 'google.protobuf.Timestamp' },
    })
    .registerVariable('requester', { schema: { principal: 'string', groups: 'list<string>' } })
    .registerVariable('usage', {
      schema: { inputTokens: 'int', outputTokens: 'int', turns: 'int', toolCalls: 'int' },
    })
    .registerFunction(`string.${LINEAR_MATCHES}(string): bool`, matchesPattern, { async: false })
    .registerFunction(`${UTC_TIMESTAMP}(string): google.protobuf.Timestamp`, readTimestamp, { async: false });
  // JSON has one number type, so `args` holds doubles; people write `args.amount * 2 > 500`, so they mix with ints.
  const mixed: [string, (left: number, right: number) => number][] = [
    ['+', (left, right) => left + right],
    ['-', (left, right) => left - right],
    ['*', (left, right) => left * right],
    ['/', (left, right) => left / right],
  ];
  for (const [operator, apply] of mixed) {
    const handler = (left: number | bigint, right: number | bigint): number => apply(Number(left), Number(right));
    created.registerOperator(`double ${operator} int: double`, handler);
    created.registerOperator(`int ${operator} double: double`, handler);
  }
  return created;
}

function matchesPattern(text: string, pattern: string): boolean {
  const compiled = compilePattern(pattern);
  // The engine visits each character once for each instruction at worst.
  meter.charge(Math.ceil((text.length * compiled.programSize()) / 64));
  return compiled.test(text);
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

function readTimestamp(text: string): Date {
  const [, seconds, fraction = '.0', zone] = RFC_3339.exec(text.slice(0, 64)) ?? [];
  const date = new Date(`${seconds}${fraction.slice(0, 4)}${zone}`.toUpperCase());
  if (Number.isNaN(date.getTime())) throw new Error('not an RFC 3339 time with a zone');
  return date;
}

/**
 * Reads a condition. Refused, with a message for its author: syntax and type errors, names that are no fact, functions that
 * are not bounded or not deterministic, patterns that are not literal (RE2 syntax), anything but a boolean result.
 */
export function compileCondition(expression: string): ConditionResult {
  if (expression.length > MAX_EXPRESSION_LENGTH) {
    return { ok: false, message: `The expression is longer than ${MAX_EXPRESSION_LENGTH} characters` };
  }
  try {
    const parsed = environment.parse(expression);
    const fault = prepareNodes(parsed.ast);
    if (fault !== undefined) return { ok: false, message: fault };
    const checked = parsed.check();
    if (!checked.valid) return { ok: false, message: summaryOf(checked.error) };
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return { ok: false, message: `The expression yields ${checked.type}, not a boolean` };
    }
    meterNodes(parsed.ast, meter);
    return { ok: true, condition: (facts) => evaluate(parsed, facts) };
  } catch (error) {
    return { ok: false, message: summaryOf(error) };
  }
}

function evaluate(parsed: ParseResult, facts: PolicyFacts): ConditionOutcome {
  meter.reset();
  let result: unknown;
  try {
    result = parsed(celContextOf(facts));
  } catch {
    return { ok: false, code: meter.exceeded ? 'cost_exceeded' : 'evaluation_failed' };
  }
  if (meter.exceeded) return { ok: false, code: 'cost_exceeded' };
  return typeof result === 'boolean' ? { ok: true, matches: result } : { ok: false, code: 'not_boolean' };
}

function celContextOf({ args, tool, run, requester, usage }: PolicyFacts): Record<string, unknown> {
  return {
    args,
    tool: { ...tool, annotations: tool.annotations ?? {} },
    run: { ...run, depth: BigInt(run.depth), turn: BigInt(run.turn), startedAt: readTimestamp(run.startedAt) },
    requester,
    usage: {
      inputTokens: BigInt(usage.inputTokens),
      outputTokens: BigInt(usage.outputTokens),
      turns: BigInt(usage.turns),
      toolCalls: BigInt(usage.toolCalls),
    },
  };
}

/** The library's message without the excerpt it draws around it. */
function summaryOf(error: unknown): string {
  const summary = typeof error === 'object' && error !== null && 'summary' in error ? error.summary : undefined;
  if (typeof summary === 'string') return summary;
  return error instanceof Error ? error.message : 'The expression could not be read';
}

/** Refuses calls that are not on the lists and puts ours in the place of two; before the type check, which binds names. */
function prepareNodes(root: CelNode): string | undefined {
  const open: { node: CelNode; depth: number }[] = [{ node: root, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, depth } = next;
    if (depth > MAX_AST_DEPTH * 2) return 'The expression is nested too deeply; write alternatives as `x in [...]`';
    const fault = prepareCall(node);
    if (fault !== undefined) return fault;
    for (const operand of operandsOf(node)) open.push({ node: operand, depth: depth + 1 });
  }
  return undefined;
}

function prepareCall(node: CelNode): string | undefined {
  if (node.op !== 'call' && node.op !== 'rcall') return undefined;
  const call = node.args as unknown[];
  const name = String(call[0]);
  const operands = (node.op === 'call' ? call[1] : call[2]) as CelNode[];
  if (!(node.op === 'call' ? FUNCTIONS : METHODS).has(name)) return `${name}() is not available in conditions`;
  if (name.startsWith('get') && operands.length > 0) return `${name}() takes no time zone: conditions read UTC`;
  if (name === 'matches') {
    const fault = preparePattern(operands[0]);
    if (fault !== undefined) return fault;
    call[0] = LINEAR_MATCHES;
  }
  if (name === 'timestamp') call[0] = UTC_TIMESTAMP;
  // The library parses durations with a pattern that backtracks.
  if (name === 'duration' && typeof literalOf(operands[0]) !== 'string') return 'duration() takes a literal text';
  return undefined;
}

const literalOf = (node: CelNode | undefined): unknown => (node?.op === 'value' ? node.args : undefined);

function preparePattern(node: CelNode | undefined): string | undefined {
  const pattern = literalOf(node);
  if (typeof pattern !== 'string') return 'matches() takes a literal pattern';
  if (pattern.length > MAX_PATTERN_LENGTH) return `The pattern is longer than ${MAX_PATTERN_LENGTH} characters`;
  try {
    return compilePattern(pattern).programSize() > MAX_PATTERN_INSTRUCTIONS ? 'The pattern is too large' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'The pattern could not be read';
  }
}
