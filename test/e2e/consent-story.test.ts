// The how-to is executed as it stands: every command, by whom it says, in its order.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agents } from '../../examples/refunds/agent.ts';
import type { PersonOptions } from '../../src/testing/index.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { trustedKeys } from '../../src/platform/signing-keys.ts';
import { cliWith } from '../cli/run-cli.ts';
import { testWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const PAGE = read('docs/how-to/consent-from-end-to-end.md');

const PEOPLE: Readonly<Record<string, PersonOptions>> = {
  rita: { roles: ['requester'] },
  sam: { roles: ['approver'], groups: ['support'] },
  fay: { roles: ['approver'], groups: ['finance'] },
  finn: { roles: ['approver'], groups: ['finance'] },
  lena: { roles: ['approver'], groups: ['leads'] },
  olga: { roles: ['operator', 'auditor'] },
};

interface Block {
  readonly who: string;
  readonly isRefused: boolean;
  readonly commands: readonly string[];
  /** What the page says that the last command prints. */
  readonly prints: string | undefined;
  /** Time that passes before it. */
  readonly skip: string | undefined;
}

const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/(?:<!-- skip ([^>]+) -->\s+)?```sh\n# (\w+)(, refused)?\n([\s\S]*?)```(?:\s+> ([^\n]+))?/g)].map(
    ([, skip, who = '', refused, text = '', prints]) => ({
      who,
      isRefused: refused !== undefined,
      commands: text.trim().split('\n'),
      prints,
      skip,
    }),
  );

/** Words of a command line: those in quotes are one. */
const wordsOf = (command: string): string[] =>
  [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  );

let world: World;
let home: string;
const keys = new Map<string, Person>();

beforeAll(async () => {
  world = await testWorld({ agents: agents({ repository: '.' }), time: 'skipped' });
  home = await mkdtemp(join(tmpdir(), 'countersign-story-'));
  for (const [name, options] of Object.entries(PEOPLE)) keys.set(name, await world.person(name, options));
});
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
  await world[Symbol.asyncDispose]();
});

test(
  'S0.1 S1.2 S1.3 B5 B8 B9 B10 the story of consent from end to end, as its page tells it',
  { timeout: 180_000 },
  async () => {
    const blocks = blocksOf(PAGE);
    expect(blocks.length).toBeGreaterThan(10);
    const auditor = keys.get('olga');
    if (!auditor) throw new Error('Nobody is olga.');
    const trust = join(home, 'trust.json');
    await writeFile(trust, JSON.stringify(trustedKeys(world.keys)));
    let runId = '';
    for (const { who, isRefused, commands, prints, skip } of blocks) {
      if (skip !== undefined) {
        await world.skip(skip);
        await auditor.run(runId).event('approval.escalated');
      }
      const person = keys.get(who);
      if (!person) throw new Error(`The page says "${who}", who has no key.`);
      let printed = '';
      for (const command of commands) {
        const [program, ...words] = wordsOf(command);
        expect(program).toBe('countersign');
        const key = /RUN\/(call_\d+_\d+)/.exec(command)?.[1];
        // The agent gets there in its own time.
        const digest =
          key === undefined
            ? ''
            : await waitFor(`${key} to be asked for`, async () => {
                const found = (await auditor.run(runId).approvals()).find((one) => one.key === key);
                return found?.digest;
              });
        const filled = words.map((word) =>
          word
            .replaceAll('RUN', runId)
            .replaceAll('DIGEST', digest)
            .replaceAll('TRUST', trust)
            .replaceAll('audit.jsonl', join(home, 'audit.jsonl')),
        );
        const cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: person.key, HOME: home });
        const result = await cli(...filled);
        printed = `${result.out}${result.err}`;
        expect(result.code === 0, `${command}\n${printed}`).toBe(!isRefused);
        runId ||= /run_[a-z2-7]{26}/.exec(printed)?.[0] ?? '';
      }
      if (prints !== undefined) expect(printed).toContain(prints);
    }
    const run = auditor.run(runId);
    expect(await run.get()).toMatchObject({ status: 'completed' });
    const started = (await run.events()).filter(
      ({ type, data }) => type === 'tool.started' && data['basis'] === 'consent',
    );
    expect(started.map(({ data }) => data['tool'])).toEqual(['refund', 'refund', 'send_voucher']);
  },
);

test('the rule on the page is the rule of the example', () => {
  const [, rule = 'none'] = /```ts\n([\s\S]*?)```/.exec(PAGE) ?? [];
  expect(read('examples/refunds/policy.ts')).toContain(rule.trimEnd());
});
