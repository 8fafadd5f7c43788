import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError } from '../../src/platform/config-error.ts';
import { loadGuardsConfig } from '../../src/platform/guards-file.ts';

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'countersign-guards-'))));
afterAll(() => rm(directory, { recursive: true }));

const load = async (text: string) => {
  const guardsFile = join(directory, 'guards.yaml');
  await writeFile(guardsFile, text);
  return loadGuardsConfig({ guardsFile });
};

test('S1.10 without a file personal data is marked, and nothing is moderated', async () => {
  const config = await loadGuardsConfig({ guardsFile: undefined });
  expect(config).toMatchObject({ size: { action: 'block', limits: {} }, pii: { action: 'flag' } });
  expect(config.moderation).toBeUndefined();
  expect(await load('')).toEqual(config);
});

test('the file of the how-to is one', async () => {
  const page = await readFile(new URL('../../docs/how-to/guard-human-text.md', import.meta.url), 'utf8');
  const [, yaml = ''] = /```yaml\n([\s\S]+?)```/.exec(page) ?? [];
  expect(await load(yaml)).toMatchObject({
    size: { limits: { reason: 1000, input: 20_000 } },
    pii: { action: 'redact', places: { arguments: 'flag', input: 'off' }, country: 'DE' },
    moderation: { onFailure: 'block', timeoutMs: 3000 },
  });
});

test.each([
  ['pii: { action: hide }', /^COUNTERSIGN_GUARDS_FILE pii\.action /],
  ['pii: { country: XX }', /pii\.country must be a country code/],
  ['pii: { detect: [names] }', /pii\.detect\.0/],
  ['pii: { places: { reasons: off } }', /pii\.places/],
  ['size: { limits: { reason: 0 } }', /size\.limits\.reason/],
  ['moderation: {}', /moderation\.url/],
  ['moderation: { url: "http://moderation.example/" }', /moderation\.url must be an https:\/\/ URL/],
  ['moderation: { url: "https://user:hunter2@moderation.example/" }', /without user or password/],
  ['spelling: {}', /spelling|Unrecognized/],
  ['pii: [', /is not YAML/],
])('%s: said at start, without values', async (text, fault) => {
  const error = await load(text).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as ConfigError).faults.join('\n')).toMatch(fault);
  expect((error as ConfigError).message).not.toContain('hunter2');
});

test('a file that is not there', async () => {
  await expect(loadGuardsConfig({ guardsFile: join(directory, 'none.yaml') })).rejects.toThrow('cannot be read');
});
