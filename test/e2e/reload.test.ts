// S1.9, S3.1: agents are edited while `npm start` runs. What runs goes on as it began; what starts, starts as written.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initProject } from '../support/project.ts';
import type { Project, Started } from '../support/project.ts';
import { waitFor } from '../support/wait-for.ts';

let project: Project;
let running: Started;
beforeAll(async () => {
  project = await initProject();
  running = await project.start();
});
afterAll(async () => {
  await running.stop();
  project.remove();
});

const edit = (path: string, change: (text: string) => string): void => {
  const file = join(project.directory, path);
  writeFileSync(file, change(readFileSync(file, 'utf8')));
};
const told = (text: string) => waitFor(`“${text}”`, () => running.err().includes(text), { timeoutMs: 20_000 });

interface Waiting {
  readonly runId: string;
  readonly name: string;
  readonly digest: string;
  readonly rule: { readonly reason: string };
}

const startRun = async (): Promise<Waiting> => {
  const { runId } = await project.countersign('runs', 'start', 'support', 'Order A-1042 never came.');
  return waitFor(
    'its approval',
    async () => {
      const { data } = (await project.countersign('approvals', 'list')) as {
        data: (Omit<Waiting, 'name'> & { key: string })[];
      };
      const found = data.find((one) => one.runId === runId);
      return found && { ...found, name: `${found.runId}/${found.key}` };
    },
    { timeoutMs: 20_000 },
  );
};
const endOf = async ({ runId, name, digest }: Waiting) => {
  await project.countersign('approvals', 'approve', name, '--digest', digest);
  await project.npm('run', '--silent', 'countersign', '--', 'runs', 'watch', runId);
  return project.countersign('runs', 'show', runId);
};

test(
  'S1.9 a paused run finishes as pinned, with a tool that is gone; a new one uses the new text',
  { timeout: 180_000 },
  async () => {
    const paused = await startRun();
    expect(paused.rule.reason).toBe('Refunds are paid at once');

    // Another declaration of the tool is another tool: the old one stays for the run that has pinned it.
    edit('agents/tools.ts', (text) => text.replace('Pays money back for an order.', 'Pays money back, for one order.'));
    await told('new runs of support use what you wrote');
    edit('agents/support.yaml', (text) => text.replace('Refunds are paid at once', 'Somebody looks at refunds'));
    await waitFor('the second', () => running.err().split('new runs of support').length === 3, { timeoutMs: 20_000 });

    const fresh = await startRun();
    expect(fresh.rule.reason).toBe('Somebody looks at refunds');
    const [before, after] = [await endOf(paused), await endOf(fresh)];
    expect(before).toMatchObject({ status: 'completed' });
    expect(after).toMatchObject({ status: 'completed' });
    expect(before['agentDigest']).not.toBe(after['agentDigest']);
  },
);

test('S3.1 a fault keeps the old definitions, and says what is wrong on which line', { timeout: 120_000 }, async () => {
  edit('agents/support.yaml', (text) => text.replace('effect: ask', 'effect: maybe'));
  await told('support.yaml:14: policy.1.effect');
  expect(running.err()).toContain('Agents not reloaded; they stay as they were:');
  expect(await startRun()).toMatchObject({ rule: { reason: 'Somebody looks at refunds' } });

  // What a module that the file names gets wrong is a fault, too; mended, all is as written.
  edit('agents/support.yaml', (text) => text.replace('effect: maybe', 'effect: ask'));
  edit('agents/tools.ts', (text) => text.replace("name: 'refund'", "name: 're fund'"));
  await told('tools.re fund.name');
  edit('agents/tools.ts', (text) => text.replace("name: 're fund'", "name: 'refund'"));
  edit('agents/support.yaml', (text) => text.replace('Somebody looks at refunds', 'Refunds are looked at'));
  await waitFor('the third', () => running.err().split('new runs of support').length === 4, { timeoutMs: 20_000 });
  expect(await startRun()).toMatchObject({ rule: { reason: 'Refunds are looked at' } });
});
