// What no linter knows: rules about the source text itself.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = (folder: string) =>
  globSync(`${folder}/**/*.ts`, { cwd: root }).map((path) => ({
    path,
    text: readFileSync(`${root}/${path}`, 'utf8'),
  }));

/** Races bring about orders of events by small pauses; they too wait for outcomes by conditions. */
const isRace = (path: string) => path.startsWith('test/races/');
const FIXED_WAIT = /await (?:delay|sleep|setTimeout)\(|setTimeout\((?:resolve|done)\b|setTimeout\(\(\) => resolve/;

test('S0.14 no test waits for a fixed time: they wait for conditions', () => {
  const tests = sources('test').filter(({ path }) => path.endsWith('.test.ts') && !isRace(path));
  expect(tests.length).toBeGreaterThan(100);
  const own = 'test/architecture/conventions.test.ts';
  const waiting = tests.filter(({ path, text }) => FIXED_WAIT.test(text) && path !== own);
  expect(waiting.map(({ path }) => path)).toEqual([]);
});

/** The message of a log line is the event's name. */
const LOGGED = /\blog(?:ger)?\.(?:debug|info|warn|error|fatal)\((?:\s*\{.*?\}\s*,)?\s*'([^']*)',?\s*\)/gs;

test('S2.5 log events are named {domain}.{action}_{state}', () => {
  const names = sources('src').flatMap(({ text }) => [...text.matchAll(LOGGED)].map(([, name]) => name));
  expect(names.length).toBeGreaterThan(20);
  expect(names.filter((name) => !/^[a-z]+\.[a-z]+(_[a-z]+)+$/.test(name ?? ''))).toEqual([]);
});
