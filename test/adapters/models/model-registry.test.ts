import { expect, test } from 'vitest';
import { defineAgent } from '../../../src/adapters/agents/define-agent.ts';
import { createModels, defaultModelId } from '../../../src/adapters/models/model-registry.ts';
import { retryAfterMs } from '../../../src/adapters/models/classify-model-error.ts';
import { says, scriptedModel } from '../../../src/testing/scripted-model.ts';

const unset = { apiKey: undefined, baseUrl: undefined };
const nothing = { openai: unset, anthropic: unset, google: unset, compatible: unset };

test('only configured providers resolve, and what is missing is named', () => {
  const models = createModels({ config: { ...nothing, anthropic: { apiKey: 'k', baseUrl: undefined } } });
  expect(models.resolve('anthropic/claude')).toBeDefined();
  expect(models.problem('anthropic/claude')).toBeUndefined();
  for (const [id, text] of [
    ['openai/gpt', 'OPENAI_API_KEY'],
    ['google/gemini', 'GOOGLE_API_KEY'],
    ['compatible/llama', 'OPENAI_COMPATIBLE_BASE_URL'],
    ['scripted/none', 'No loaded agent'],
    ['mystery/m', 'openai/, anthropic/'],
  ] as const) {
    expect(models.resolve(id), id).toBeUndefined();
    expect(models.problem(id), id).toContain(text);
  }
});

test('a script is found by its name, and a name that objects inherit is none', () => {
  const script = scriptedModel([says('hello')]);
  const models = createModels({ config: nothing, scripts: { notes: script } });
  expect(models.resolve('scripted/notes')).toBe(script);
  for (const id of ['scripted/toString', 'scripted/__proto__', 'constructor/x', 'scripted', 'scripted/']) {
    expect(models.resolve(id), id).toBeUndefined();
  }
});

test('S1.9 a provider that an agent brings serves its prefix, and takes over none of ours', () => {
  const port = scriptedModel([says('hello')]);
  const models = createModels({ config: nothing, providers: { acme: port, openai: port } });
  expect(models.resolve('acme/any/model')).toBe(port);
  expect(models.resolve('openai/gpt')).toBeUndefined();
  expect(() => defineAgent({ name: 'helper', model: 'acme/m', instructions: '', providers: { google: port } })).toThrow(
    'agents.helper.providers.google: this prefix is taken',
  );
});

test('a compatible server needs no key, only an address', () => {
  const compatible = { apiKey: undefined, baseUrl: 'http://127.0.0.1:11434' };
  expect(createModels({ config: { ...nothing, compatible } }).resolve('compatible/org/model:7b')).toBeDefined();
});

test('the default model: configured, else of the first provider with a key, else none', () => {
  const keyed = { apiKey: 'k', baseUrl: undefined };
  const base = { ...nothing, defaultModel: undefined };
  expect(defaultModelId(base)).toBeUndefined();
  expect(defaultModelId({ ...base, defaultModel: 'compatible/x' })).toBe('compatible/x');
  expect(defaultModelId({ ...base, openai: keyed })).toMatch(/^openai\//);
  expect(defaultModelId({ ...base, anthropic: keyed })).toMatch(/^anthropic\//);
  expect(defaultModelId({ ...base, google: keyed })).toMatch(/^google\//);
  // A server that imitates OpenAI has models of its own.
  expect(defaultModelId({ ...base, openai: { apiKey: 'k', baseUrl: 'http://127.0.0.1:1' } })).toBeUndefined();
});

test.each([
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after-ms': '150', 'retry-after': '9' }, 150],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:12 GMT' }, 2000],
  [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:01 GMT' }, 0],
  [{ 'retry-after': '99999999' }, 3_600_000],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('Retry-After %j is %s ms', (headers: Record<string, string>, expected) => {
  expect(retryAfterMs(headers, 10_000)).toBe(expected);
});
