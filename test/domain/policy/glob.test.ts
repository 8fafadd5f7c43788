import { expect, test } from 'vitest';
import { compileGlob } from '../../../src/domain/policy/glob.ts';

test.each([
  ['*', '', true],
  ['*', 'any.thing/at all\n', true],
  ['read_file', 'read_file', true],
  ['read_file', 'read_files', false],
  ['read_file', 'xread_file', false],
  ['read_*', 'read_file', true],
  ['read_*', 'read_', true],
  ['*_file', 'write_file', true],
  ['*_file', 'write_file2', false],
  ['git_?og', 'git_log', true],
  ['git_?og', 'git_og', false],
  ['git_?og', 'git_\u{1F600}og', true],
  ['a.b', 'axb', false],
  ['(a|b)+[c]^$\\', '(a|b)+[c]^$\\', true],
  ['a**b', 'a--b', true],
  ['Read', 'read', false],
])('%j on %j is %s', (glob, name, matches) => {
  expect(compileGlob(glob)(name)).toBe(matches);
});

test('many stars cost linear time', () => {
  const startedAt = performance.now();
  expect(compileGlob('*a'.repeat(100))('a'.repeat(10_000) + 'b')).toBe(false);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
