/** A worker that loses Temporal while its tool is at work, is given up, and comes back. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Person } from '../../src/testing/index.ts';
import { verifyStoredChain } from '../../src/store/verify-stored-chain.ts';
import { cuttableRelay } from '../support/cuttable-relay.ts';
import { createInstallation } from '../support/installation.ts';
import type { Installation } from '../support/installation.ts';
import { untilEnded } from '../support/until-ended.ts';
import { waitFor } from '../support/wait-for.ts';

let installation: Installation;
let anna: Person;

beforeAll(async () => {
  installation = await createInstallation();
  anna = await installation.person('anna', await installation.startApi());
});
afterAll(() => installation[Symbol.asyncDispose]());

test(
  'B3 a late settlement ends an unknown outcome by itself: the run goes on, and nothing runs twice',
  { timeout: 90_000 },
  async () => {
    const [host = '', port] = installation.temporalAddress.split(':');
    await using relay = await cuttableRelay(host, Number(port));
    await installation.startWorker({ TEMPORAL_ADDRESS: `127.0.0.1:${relay.port}` });
    const outside = installation.outside('after');
    const run = await anna.startRun({ agent: 'sender', input: outside.input });
    await run.decide(await run.pending(), 'approve');
    await waitFor('the tool to have its effect', () => outside.effects().length === 1);
    relay.cut();
    const other = await installation.startWorker();
    await run.event('tool.outcome_unknown');
    // It reports to the ledger first, and can tell the run a moment later.
    outside.openGate();
    relay.restore();
    expect(await untilEnded(run)).toMatchObject({ status: 'completed', output: 'Sent.' });
    expect([outside.entries().length, outside.effects().length]).toEqual([1, 1]);
    const types = await run.types();
    expect(types).toContain('effect.rechecked');
    expect(types).not.toContain('effect.resolved');
    expect(await verifyStoredChain(installation.store, installation.scope, run.runId)).toMatchObject({ ok: true });
    await other.kill();
  },
);
