// `npm run demo` as a process: services, run, consent, artifact, chain, and nothing left behind.
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { cliWith } from '../cli/run-cli.ts';

const demoDirectories = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith('countersign-demo-'));

test('the demo tells the whole story and ends with 0', { timeout: 90_000 }, async () => {
  const before = demoDirectories();
  const { code, out, err } = await cliWith({})('demo');
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });

  const [, approved = ''] = /^Digest +(sha256:[0-9a-f]{64})$/m.exec(out) ?? [];
  expect(approved).not.toBe('');
  expect(out).toMatch(/^Tool +write_file$/m);
  expect(out).toMatch(/^Decide by +\d{4}-.+ \(in 2[34] h/m);
  expect(out).toMatch(/approval\.decided +approved/);
  expect(out).toMatch(/tool\.completed +write_file/);

  const artifact = out.split(/^RELEASE_NOTES\.md, \d+ bytes, sha256:[0-9a-f]{64}$/m)[1] ?? '';
  expect(artifact).toMatch(/^# Release notes/m);
  const events = [...out.matchAll(/^[\d:]{8} +#(\d+) /gm)].map(([, seq]) => Number(seq));
  expect(events).toEqual(events.map((_, index) => index + 1));
  expect(out).toContain(`Events  ${events.length}, without a gap`);
  expect(out).toMatch(/^ {2}Head {4}[0-9a-f]{64}$/m);
  expect(out).toMatch(/The run is over: completed\.\n$/);
  expect(demoDirectories()).toEqual(before);
});
