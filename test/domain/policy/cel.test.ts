import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { compileCondition } from '../../../src/domain/policy/cel.ts';
import type { PolicyFacts } from '../../../src/domain/policy/facts.ts';
import { factsOf } from './facts-of.ts';

function evaluate(expression: string, args: JsonValue = {}, tool: Partial<PolicyFacts['tool']> = {}): boolean | string {
  const result = compileCondition(expression);
  if (!result.ok) return `refused: ${result.message}`;
  const outcome = result.condition(factsOf(args, tool));
  return outcome.ok ? outcome.matches : outcome.code;
}

describe('numbers from JSON compare and compute as people write them', () => {
  test.each<[string, JsonValue, boolean | string]>([
    ['args.amount > 500', { amount: 501 }, true],
    ['args.amount > 500', { amount: 500 }, false],
    ['args.amount > 500', { amount: 500.01 }, true],
    ['args.amount >= 500.5', { amount: 500.5 }, true],
    ['args.amount >= 500.5', { amount: 500 }, false],
    ['args.amount == 500', { amount: 500 }, true],
    ['500 == args.amount', { amount: 500 }, true],
    ['args.amount != 500', { amount: 500 }, false],
    ['args.amount in [100, 200]', { amount: 200 }, true],
    ['args.amount * 2 > 500', { amount: 300 }, true],
    ['2 * args.amount + 1 > 500', { amount: 300.5 }, true],
    ['args.amount - 1.5 < 0', { amount: 1 }, true],
    ['args.a + args.b > 3', { a: 1, b: 2.5 }, true],
    ['int(args.n) % 2 == 0', { n: 4 }, true],
    ['args.list[1] == "b"', { list: ['a', 'b'] }, true],
    ['args.amount > 500', { amount: '501' }, 'evaluation_failed'],
    ['args.amount > 500', {}, 'evaluation_failed'],
    ['size(args.list) > 2', { list: [1, 2, 3] }, true],
    ['usage.outputTokens > 250 && usage.turns == 3', {}, true],
    ['run.depth == 0 && run.turn >= 3', {}, true],
    ['usage.inputTokens + usage.outputTokens > 1499', {}, true],
  ])('%s with %j is %s', (expression, args, expected) => {
    expect(evaluate(expression, args)).toBe(expected);
  });
});

describe('text, presence, lists and the other facts', () => {
  test.each<[string, JsonValue, boolean | string]>([
    ['args.path.startsWith("docs/")', { path: 'docs/a.md' }, true],
    ['args.path.startsWith("docs/")', { path: '/etc' }, false],
    ['has(args.force) && args.force', { force: true }, true],
    ['has(args.force) && args.force', {}, false],
    ['!has(args.force) || !args.force', {}, true],
    ['has(args.a.b)', { a: {} }, false],
    ['requester.groups.exists(g, g == "finance")', {}, true],
    ['"finance" in requester.groups', {}, true],
    ['requester.groups.all(g, g == "finance")', {}, false],
    ['requester.principal == "ada"', {}, true],
    ['tool.effect == "once" && tool.name == "refund" && tool.source == "local"', {}, true],
    ['has(tool.annotations.readOnlyHint)', {}, false],
    ['args.items.exists(i, i.price > 10)', { items: [{ price: 5 }, { price: 11 }] }, true],
    ['args.items.filter(i, i > 2).size() == 1', { items: [1, 2, 3] }, true],
    ['args.items.map(i, i * 2) == [2, 4]', { items: [1, 2] }, true],
    ['args.x == null', { x: null }, true],
    ['args.x == "1"', { x: 1 }, false],
    ['run.startedAt.getHours() >= 18', {}, true],
    ['run.startedAt < timestamp("2026-03-03T00:00:00+01:00")', {}, true],
    ['timestamp(args.until) - run.startedAt > duration("1h")', { until: '2026-03-02T20:00:00Z' }, true],
    ['timestamp(args.until) > run.startedAt', { until: '2026-03-02T20:00:00.000' }, 'evaluation_failed'],
    ['args.force', { force: 'yes' }, 'not_boolean'],
    ['args.force', { force: false }, false],
    ['args.a["toString"] == 1', { a: {} }, 'evaluation_failed'],
    ['args.constructor == 1', {}, 'evaluation_failed'],
    ['has(args.__proto__)', {}, false],
    ['args == 5', 5, true],
  ])('%s with %j is %s', (expression, args, expected) => {
    expect(evaluate(expression, args)).toBe(expected);
  });

  test('annotations of a tool are seen', () => {
    expect(evaluate('tool.annotations.readOnlyHint == true', {}, { annotations: { readOnlyHint: true } })).toBe(true);
  });
});

describe('refused at definition', () => {
  test.each([
    ['args.amount >', 'Unexpected token'],
    ['arg.amount > 1', 'Unknown variable: arg'],
    ['tool.nmae == "x"', 'No such key: nmae'],
    ['run.turn > "3"', 'no such overload'],
    ['tool.name + 1 == "x"', 'no such overload'],
    ['1 + 1', 'yields int'],
    ['tool.name', 'yields string'],
    ['nosuch(args.a)', 'nosuch() is not available'],
    ['cel.bind(x, args.a, x == 1)', 'bind() is not available'],
    ['bytes(args.a) == b"x"', 'bytes() is not available'],
    ['run.startedAt.getHours("Europe/Vienna") > 18', 'takes no time zone'],
    ['run.startedAt.getDayOfYear() > 18', 'not available'],
    ['duration(args.d) > duration("1h")', 'takes a literal'],
    ['args.a.matches(args.pattern)', 'takes a literal pattern'],
    ['args.a.matches("(")', 'missing closing'],
    ['args.a.matches("(a)\\\\1")', 'invalid escape'],
    ['args.a.matches("((a{1,100}){1,100}){1,100}")', ''],
    ['matchesPattern(args.a, "x")', 'not available'],
    ['args.a.matchesPattern("x")', 'not available'],
    ['requester.groups.exists(g, "(".matches("("))', 'missing closing'],
    [`args.a == "${'x'.repeat(4096)}"`, 'longer than 4096'],
    [`${'('.repeat(1000)}true${')'.repeat(1000)}`, 'maxDepth'],
    [Array(200).fill('args.a').join('||'), 'nested too deeply'],
    [`${'!'.repeat(4000)}true`, ''],
  ])('%.60s', (expression, message) => {
    expect(evaluate(expression)).toMatch(/^refused: /);
    expect(evaluate(expression)).toContain(message);
  });
});

describe('matches() is linear', () => {
  test('a pattern on which backtracking never ends', () => {
    const startedAt = performance.now();
    expect(evaluate('args.a.matches("^(a+)+$")', { a: `${'a'.repeat(20_000)}!` })).toBe(false);
    expect(evaluate('args.a.matches("^(a+)+$")', { a: 'a'.repeat(20_000) })).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('and finds a part, as CEL says', () => {
    expect(evaluate('args.a.matches("b+")', { a: 'abbc' })).toBe(true);
    expect(evaluate('args.a.matches("^b+$")', { a: 'abbc' })).toBe(false);
  });
});

describe('cost is limited', () => {
  const list = Array.from({ length: 2_000 }, (_, index) => index);

  test('a usual rule over a large call is within it', () => {
    expect(evaluate('args.items.all(i, i >= 0)', { items: Array.from({ length: 50_000 }, () => 1) })).toBe(true);
    expect(evaluate('args.text.contains("zzz")', { text: 'x'.repeat(1_000_000) })).toBe(false);
  });

  test.each([
    ['nested loops', 'args.items.exists(a, args.items.exists(b, a + b < 0))'],
    [
      'nested loops hidden behind an error that || absorbs',
      'true || args.items.exists(a, args.items.exists(b, a + b < 0))',
    ],
    [
      'an expensive step behind an operator that absorbs errors',
      'args.items.exists(a, args.items.exists(b, a + b < 0)) || true',
    ],
    [
      'text that doubles',
      `[args.text].exists(a, [a+a+a+a].exists(b, [b+b+b+b].exists(c, [c+c+c+c].exists(d, [d+d+d+d].exists(e, (e+e+e+e).contains("q"))))))`,
    ],
    ['lists compared in a loop', 'args.items.exists(a, args.items.map(b, b) == args.items.map(b, b + 1))'],
    ['text split in a loop', 'args.items.exists(a, args.text.split("").size() < 0)'],
    ['a pattern in a loop', 'args.items.exists(a, args.text.matches("^(y|z)*q"))'],
  ])('%s', (name, expression) => {
    const startedAt = performance.now();
    const outcome = evaluate(expression, { items: list, text: 'y'.repeat(100_000) });
    // CEL does not evaluate the right side of `true ||`.
    expect(outcome).toBe(name.includes('hidden') ? true : 'cost_exceeded');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  test('a pattern costs by the length of the text and its own', () => {
    const args = { items: list, text: 'y'.repeat(10_000) };
    expect(evaluate('args.items.exists(a, args.text.contains("q"))', args)).toBe(false);
    expect(evaluate('args.items.exists(a, args.text.matches("^(y|z)*q"))', args)).toBe('cost_exceeded');
  });

  test('the limit is the same at the first and the hundredth evaluation', () => {
    const result = compileCondition('args.items.exists(a, a < 0)');
    if (!result.ok) throw new Error(result.message);
    const outcomes = [330_000, 340_000, 330_000, 250_000, 249_000, 250_000].map((length) => {
      const outcome = result.condition(factsOf({ items: Array<number>(length).fill(1) }));
      return outcome.ok ? 'ok' : outcome.code;
    });
    expect(outcomes[0]).toBe(outcomes[2]);
    expect(outcomes[3]).toBe(outcomes[5]);
  });
});
