import { expect, test } from 'vitest';
import { askUser } from '../../../src/adapters/tools/built-in/ask-user.ts';
import { blockRun } from '../../../src/adapters/tools/built-in/block-run.ts';
import { toolDefinition } from '../../../src/adapters/tools/tool-definition.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import { looseObjectFaults } from '../../../src/domain/arguments/strict-schema.ts';
import { validateArguments } from '../../../src/domain/arguments/validate-arguments.ts';
import { ToolDefinition } from '../../../src/domain/schemas/agent.ts';
import { callTool, refusalOf } from './call-tool.ts';

test.each([
  [askUser(), 'ask_user', 'question'],
  [blockRun(), 'block_run', 'block'],
] as const)('$name is one of our own, and nothing executes it', async (tool, name, role) => {
  const definition = toolDefinition(tool);
  expect(ToolDefinition.parse(definition)).toEqual(definition);
  expect(definition).toMatchObject({ name, source: 'countersign', role });
  expect(looseObjectFaults(tool.input)).toEqual([]);
  const args = role === 'question' ? { question: 'Which?' } : { reason: 'Stuck.' };
  expect(await refusalOf(callTool(tool, args))).toBe('not_executable');
});

const faultsOf = (args: JsonValue, tool = askUser()) => {
  const result = validateArguments(tool.input, args);
  return result.ok ? [] : result.faults.map(({ path }) => path);
};

test.each<[string, JsonValue, string[]]>([
  ['a plain question', { question: 'Which colour?' }, []],
  ['options', { question: 'Which colour?', options: ['red', 'blue'] }, []],
  ['a schema', { question: 'How many?', schema: { type: 'object', properties: { n: { type: 'integer' } } } }, []],
  ['a blank question', { question: ' \n' }, ['/question']],
  ['no options at all', { question: 'Which?', options: [] }, ['/options']],
  ['a blank option', { question: 'Which?', options: ['red', ' '] }, ['/options/1']],
  ['a schema that can backtrack', { question: 'Which?', schema: { type: 'string', pattern: '(a+)+$' } }, ['/schema']],
  ['a schema that refers', { question: 'Which?', schema: { $ref: '#' } }, ['/schema']],
  ['an unknown key', { question: 'Which?', urgent: true }, ['/urgent']],
])('a question with %s', (_name, args, faults) => {
  expect(faultsOf(args)).toEqual(faults);
});

test.each([{ reason: '' }, { reason: ' \t' }, {}])('a run is not blocked without a reason: %j', (args) => {
  expect(faultsOf(args, blockRun())).toEqual(['/reason']);
});
