// Reference pages name everything there is, and nothing else.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AgentFile } from '../../src/adapters/agents/agent-file.ts';
import { BUILT_IN_TOOLS } from '../../src/adapters/tools/built-in-tools.ts';
import { RunLimits } from '../../src/domain/schemas/agent.ts';
import { RunEvent } from '../../src/domain/schemas/event.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** What the first column of a page's tables names in code style. */
const namedIn = (section: string): string[] =>
  [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );

test('docs/reference/events.md has every durable event', () => {
  const durable = read('docs/reference/events.md').split('## Durable events')[1]?.split('\n## ')[0] ?? '';
  const types = RunEvent.options.map((option) => option.shape.type.value);
  expect(namedIn(durable).toSorted()).toEqual([...types].toSorted());
});

test('docs/reference/configuration.md has every variable there is', () => {
  const schema =
    read('src/platform/environment/environment-schema.ts').split('const environmentSchema')[1]?.split('});')[0] ?? '';
  const variables = [...schema.matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name = '']) => name);
  const homes = ['XDG_STATE_HOME', 'XDG_CACHE_HOME'];
  expect(variables).not.toEqual([]);
  expect(namedIn(read('docs/reference/configuration.md')).toSorted()).toEqual([...variables, ...homes].toSorted());
});

test('docs/reference/agent-definition.md has every field of an agent, every limit and every built-in tool', () => {
  const [fields = '', limits = '', tools = ''] = read('docs/reference/agent-definition.md').split('\n## ').slice(1);
  expect(namedIn(fields).toSorted()).toEqual(Object.keys(AgentFile.shape).toSorted());
  expect(namedIn(limits).toSorted()).toEqual(Object.keys(RunLimits.shape).toSorted());
  expect(namedIn(tools).toSorted()).toEqual([...BUILT_IN_TOOLS].toSorted());
});
