import { describe, expect, test } from 'vitest';
import {
  fillIn,
  hasVariables,
  pinVariables,
  undeclaredNames,
  variableFaults,
} from '../../src/domain/prompt-variables.ts';

const agent = {
  instructions: 'Write to {{customer}} in a {{ tone }} tone on {{run.date}}.',
  variables: { customer: {}, tone: { default: 'friendly', values: ['friendly', 'formal'] } },
};

test.each([
  [{ customer: 'Acme' }, []],
  [{}, [{ name: 'customer', message: 'is required' }]],
  [{ customer: 'Acme', tone: 'rude' }, [{ name: 'tone', message: 'must be one of: friendly, formal' }]],
  [{ customer: 'Acme', constructor: 'x' }, [{ name: 'constructor', message: 'is not a variable of this agent' }]],
])('S1.9 %j is judged before a run starts', (given, faults) => {
  expect(variableFaults(agent, given)).toEqual(faults);
});

describe('what is pinned', () => {
  const atMs = Date.parse('2026-03-29T23:30:00Z');

  test.each([
    ['UTC', '2026-03-29', '23:30', 'Sunday'],
    ['Europe/Zurich', '2026-03-30', '01:30', 'Monday'],
    ['America/Los_Angeles', '2026-03-29', '16:30', 'Sunday'],
    ['Asia/Kathmandu', '2026-03-30', '05:15', 'Monday'],
  ])('date and time of the start are those of %s', (timezone, date, time, weekday) => {
    expect(pinVariables(agent, { customer: 'Acme' }, { timezone, atMs })).toEqual({
      customer: 'Acme',
      tone: 'friendly',
      'run.date': date,
      'run.time': time,
      'run.weekday': weekday,
      'run.timezone': timezone,
    });
  });

  test('what is given cannot take the place of what is known', () => {
    const pinned = pinVariables(agent, { 'run.date': 'never' }, { timezone: 'UTC', atMs });
    expect(pinned['run.date']).toBe('2026-03-29');
  });
});

test('each place is filled in once, and only places that have a value', () => {
  const text = fillIn('{{a}} {{ b }} {{c}} {{toString}} {a} {{A}}', { a: '{{b}} $& $1', b: 'two' });
  expect(text).toBe('{{b}} $& $1 two {{c}} {{toString}} {a} {{A}}');
});

test('an agent that declares nothing may write braces as it likes', () => {
  const free = { instructions: 'Answer in {{mustache}}.', variables: undefined };
  expect(undeclaredNames(free)).toEqual([]);
  expect(hasVariables(free)).toBe(false);
  expect(hasVariables({ instructions: 'It is {{run.time}}.', variables: undefined })).toBe(true);
  expect(undeclaredNames({ ...agent, instructions: '{{customer}} {{other}} {{run.date}}' })).toEqual(['other']);
});
