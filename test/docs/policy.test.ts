// The how-to is carried out, and the reference names every field there is.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runPolicyTest } from '../../src/domain/policy/policy-test.ts';
import {
  LAYER_MODES,
  policyLayerSchema,
  POLICY_LAYER_NAMES,
  ruleSchema,
} from '../../src/domain/policy/policy-schema.ts';
import { ApproverRule } from '../../src/domain/schemas/approval.ts';
import { readPolicyFile, readPolicyTestFile } from '../../src/platform/policy-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the policy of the how-to passes the tests of the how-to', async () => {
  const directory = temporaryDirectory();
  const page = read('docs/how-to/write-a-policy.md');
  const files = new Map<string, string>();
  for (const [, name = '', isChange, body = ''] of page.matchAll(/^```yaml (\S+)( replace)?\n([^]*?)^```$/gm)) {
    const [from = '', to = ''] = body.split('---\n').map((part) => part.trim());
    const before = files.get(name) ?? '';
    if (isChange) expect(before).toContain(`${from}\n`);
    files.set(name, isChange ? before.replace(`${from}\n`, `${to}\n`) : body);
  }
  for (const [name, text] of files) await writeFile(join(directory, name), text);
  const result = runPolicyTest(await readPolicyTestFile(join(directory, 'policy-tests.yaml')));
  expect(result).toMatchObject({ ok: true, failed: 0 });
  const [shadow] = await readPolicyFile(join(directory, 'shadow.yaml'));
  expect(policyLayerSchema.parse(shadow)).toMatchObject({ name: 'project', mode: 'shadow' });
});

test('docs/reference/policy.md has every layer, mode and field of a rule', () => {
  const named = [...read('docs/reference/policy.md').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
  const fields = Object.keys(ruleSchema.in.shape).filter((field) => !field.endsWith('Ms'));
  const facts = ['args', 'tool', 'run', 'requester', 'usage'];
  expect(named.toSorted()).toEqual(
    [...POLICY_LAYER_NAMES, ...LAYER_MODES, ...fields, ...Object.keys(ApproverRule.shape), ...facts].toSorted(),
  );
});
