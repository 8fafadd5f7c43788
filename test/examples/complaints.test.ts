/** The example with agents that call agents, watched by the command line. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { agents } from '../../examples/complaints/agent.ts';
import { cliWith } from '../cli/run-cli.ts';
import { subRunOf } from '../support/called-agents.ts';
import { testWorld } from '../support/world.ts';

test(
  'S1.15 a tree of runs is watched with the path of each event, and shown with the runs below',
  { timeout: 90_000 },
  async () => {
    await using world = await testWorld({ agents: agents({ repository: '.' }) });
    const home = await mkdtemp(join(tmpdir(), 'countersign-complaints-'));
    const sam = await world.person('sam', { groups: ['support'] });
    const cli = cliWith({ COUNTERSIGN_URL: world.url, COUNTERSIGN_API_KEY: sam.key, HOME: home });
    const run = await sam.startRun({ agent: 'complaints', input: 'Order A-1042 never came.' });
    const asked = await run.event('approval.requested');
    expect(asked.path).toEqual(['complaints', 'cashier']);
    const cashier = sam.run(asked.runId);
    await cashier.decide(await cashier.pending(), 'approve');
    expect((await run.ends()).output).toMatch(/^The complaint is settled\. .*refunded.*80/);

    const watched = (await cli('runs', 'watch', run.runId)).out;
    expect(watched).toMatch(/run\.started +complaints, for sam/);
    expect(watched).toMatch(/run\.started +\[finder\] finder, for sam/);
    expect(watched).toMatch(/approval\.requested +\[cashier\] refund \(call_1_0\) by rule refund/);
    expect(watched).toMatch(/tool\.completed +cashier \(call_2_0\)/);
    const shown = (await cli('runs', 'show', run.runId)).out;
    expect(shown).toMatch(
      new RegExp(`AGENT CALLED[^]*finder +completed +${subRunOf(sam, run).runId.replace('.', '\\.')}`),
    );
    expect((await cli('runs', 'show', cashier.runId)).out).toMatch(/^Path +complaints > cashier$/m);
    expect((await cli('runs', 'list')).out).not.toContain(cashier.runId);
    expect((await cli('runs', 'list', '--tree', run.runId)).out).toContain(cashier.runId);
    await rm(home, { recursive: true, force: true });
  },
);
