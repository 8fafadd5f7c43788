/**
 * Strings planted where no agent may look (the state directory, the working tree, the git configuration) are nowhere
 * afterwards: not in what the model was sent, not in events, logs, Temporal's history or any table. What people and
 * models said is in the blob store, and nowhere else.
 */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agents } from '../../examples/release-notes/agent.ts';
import type { AgentSource } from '../../src/adapters/agents/define-agent.ts';
import type { ModelPort, ModelRequest } from '../../src/adapters/models/model-port.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import type { StartedRun, World } from '../../src/testing/index.ts';
import { createRepository } from '../adapters/tools/git-repository.ts';
import { historyText } from '../support/history-text.ts';
import { testWorld } from '../support/world.ts';

const PLANTED = ['canary-in-state', 'canary-in-worktree', 'canary-in-git-config', 'canary-in-untracked'];
const CONTENT = ['canary-of-input', 'canary-of-commit', 'canary-of-reason'];

const sent: string[] = [];
const logs: string[] = [];
let base: string;
let world: World;
let run: StartedRun;
let history: string;

const overheard = (model: ModelPort): ModelPort => ({
  generate(request: ModelRequest, io) {
    sent.push(JSON.stringify(request));
    return model.generate(request, io);
  },
});

const overhear = (source: AgentSource): AgentSource => ({
  ...source,
  scripts: Object.fromEntries(Object.entries(source.scripts).map(([name, model]) => [name, overheard(model)])),
});

/** All rows of every table but the blobs, as text. */
const everythingButBlobs = async (): Promise<string> => {
  const { rows: tables } = await world.store.pool.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'blobs'`,
  );
  const dumps = tables.map(async ({ name }) => {
    const { rows } = await world.store.pool.query<Record<string, unknown>>(`SELECT * FROM "${name}"`);
    return JSON.stringify(rows, (_, value: unknown) => {
      const bytes = value as { type?: string; data?: number[] } | null;
      return bytes?.type === 'Buffer' && bytes.data ? Buffer.from(bytes.data).toString('utf8') : value;
    });
  });
  return (await Promise.all(dumps)).join('\n');
};

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'countersign-canaries-')));
  const state = join(base, 'state');
  await mkdir(state);
  await writeFile(join(state, 'signing-keys.json'), 'canary-in-state');
  const repository = createRepository(join(base, 'shop'));
  repository.write('README.md', '# Shop\n');
  repository.commit('feat: canary-of-commit');
  repository.write('README.md', '# Shop\ncanary-in-worktree\n');
  repository.write('notes.txt', 'canary-in-untracked');
  repository.git('config', 'remote.origin.url', 'https://canary-in-git-config@example.test/shop.git');
  repository.git('config', 'user.email', 'canary-in-git-config@example.test');

  const sources = agents({ repository: repository.path, forbidden: [state] }).map(overhear);
  world = await testWorld({ agents: sources, logs: { write: (line) => logs.push(line) } });
  const anna = await world.person('anna');
  run = await anna.startRun({ agent: 'release-notes', input: 'canary-of-input' });
  const approval = await run.pending();
  await run.decide(approval, 'approve', { reason: 'canary-of-reason' });
  await run.settles();

  const connection = await Connection.connect({ address: world.temporalAddress });
  const client = new Client({ connection });
  const handle = client.workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
  await handle.result();
  history = await historyText(client, handle.workflowId);
  await connection.close();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await rm(base, { recursive: true, force: true });
});

test('the watch itself works: the run went to its end, and what was meant to be seen was seen', async () => {
  expect(await run.get()).toMatchObject({ status: 'completed' });
  expect(sent.join()).toContain('canary-of-commit');
  expect(sent.join()).toContain('canary-of-input');
  expect(history).toContain('callModel');
  expect(history).toContain('commandDigest');
  expect(logs.join()).toContain('tool.execution_completed');
  expect(await everythingButBlobs()).toContain('approval.decided');
});

test.each(PLANTED)('%s is in no model input, event, log, history or table', async (canary) => {
  const events = JSON.stringify(await run.events());
  const { rows } = await world.store.pool.query<{ body: Buffer }>('SELECT body FROM blobs');
  const blobs = rows.map((row) => row.body.toString('utf8')).join();
  for (const place of [sent.join(), events, logs.join(), history, await everythingButBlobs(), blobs])
    expect(place).not.toContain(canary);
});

test.each(CONTENT)('%s is content: in blobs only, not in logs, history or any other table', async (canary) => {
  for (const place of [logs.join(), history, await everythingButBlobs()]) expect(place).not.toContain(canary);
});
