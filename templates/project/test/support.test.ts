// The agent as it runs: real PostgreSQL, real Temporal, real HTTP; only the model is scripted.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld, loadAgents, startTestServices } from 'countersign/testing';

test('a refund waits for a person, and then runs as approved', async () => {
  await using services = await startTestServices();
  await using world = await createWorld({ services, agents: await loadAgents(['agents/support.yaml']) });
  const ada = await world.person('ada');

  const run = await ada.startRun({ agent: 'support', input: 'Order A-1042 never came.' });
  const approval = await run.pending();
  assert.equal(approval.tool.name, 'refund');
  assert.deepEqual(approval.arguments, { order: 'A-1042', amount: 80 });

  await run.decide(approval, 'approve');
  const { status, output } = await run.ends();
  assert.equal(status, 'completed');
  assert.match(JSON.stringify(output), /has the money back/);
});
