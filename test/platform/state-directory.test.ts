import { chmodSync, mkdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheDirectory, stateDirectory } from '../../src/platform/state-directory.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

test('the state directory is private and lies outside the project', () => {
  const home = temporaryDirectory();
  const project = join(temporaryDirectory(), 'project');
  mkdirSync(project);

  const directory = stateDirectory(project, home);

  expect(directory.startsWith(join(home, 'countersign'))).toBe(true);
  expect(basename(directory)).toMatch(/^[0-9a-f]{16}$/);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test('a link to a project leads to the same state, another project to another', () => {
  const home = temporaryDirectory();
  const places = temporaryDirectory();
  mkdirSync(join(places, 'one'));
  mkdirSync(join(places, 'two'));
  symlinkSync(join(places, 'one'), join(places, 'link'));

  expect(stateDirectory(join(places, 'link'), home)).toBe(stateDirectory(realpathSync(join(places, 'one')), home));
  expect(stateDirectory(join(places, 'two'), home)).not.toBe(stateDirectory(join(places, 'one'), home));
});

test('a state directory that was opened to others is closed again', () => {
  const home = temporaryDirectory();
  const project = temporaryDirectory();
  chmodSync(stateDirectory(project, home), 0o755);

  expect(statSync(stateDirectory(project, home)).mode & 0o777).toBe(0o700);
});

test('the cache is shared by all projects', () => {
  const home = temporaryDirectory();
  expect(cacheDirectory(home)).toBe(join(home, 'countersign'));
});
