/** Records histories: `COUNTERSIGN_RECORD=1 npm test -- test/replay/record.test.ts`. Otherwise does nothing. */
import { writeFile } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { describe, expect, test } from 'vitest';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { StartedRun, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const record = async (world: World, name: string, run: StartedRun): Promise<string> => {
  const connection = await Connection.connect({ address: world.temporalAddress });
  const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
  await handle.result();
  const history: unknown = JSON.parse(historyToJSON(await handle.fetchHistory()));
  // Who recorded it, and on which machine, is of no interest to a replay.
  const anonymous = JSON.stringify(history, (_, value: unknown) => (isIdentity(value) ? 'recorded' : value), 1);
  await writeFile(new URL(`histories/${name}.${run.runId}.json`, import.meta.url), `${anonymous}\n`);
  await connection.close();
  return anonymous;
};

const isIdentity = (value: unknown): boolean => typeof value === 'string' && /^\d+@/.test(value);

const refund = recordingTool('refund');
const look = recordingTool('look', { effect: 'none' });
const policy = [{ id: 'look', match: 'look', effect: 'allow' }] as const;
const agents = [
  testAgent({ name: 'one', tools: [refund], script: [asksFor('refund', {}), says('Done.')] }),
  testAgent({
    name: 'two',
    tools: [refund, look],
    policy,
    script: [asksForAll([asksFor('look', {}), asksFor('refund', {}), asksFor('refund', { text: 'x' })]), says('Done.')],
  }),
];

describe.runIf(process.env['COUNTERSIGN_RECORD'])('recordings', () => {
  test('of runs in real time', async () => {
    await using world = await testWorld({ agents });
    const anna = await world.person('anna');
    const approved = await anna.startRun({ agent: 'one' });
    await approved.decide(await approved.pending(), 'approve');
    expect(await record(world, 'approved', approved)).toContain('agentRun');

    const mixed = await anna.startRun({ agent: 'two' });
    await mixed.settles();
    for (const [index, approval] of (await mixed.approvals()).entries())
      await mixed.decide(approval, index === 0 ? 'reject' : 'approve');
    expect(await record(world, 'mixed', mixed)).toContain('agentRun');

    const cancelled = await anna.startRun({ agent: 'one' });
    await cancelled.pending();
    await cancelled.cancel();
    expect(await record(world, 'cancelled', cancelled)).toContain('agentRun');
  });

  test('of a run that waited too long', async () => {
    await using world = await testWorld({ agents, time: 'skipped' });
    const anna = await world.person('anna');
    const expired = await anna.startRun({ agent: 'one' });
    await expired.pending();
    await world.skip('25h');
    expect(await record(world, 'expired', expired)).toContain('agentRun');
  });
});
