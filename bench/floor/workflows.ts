/** The same steps as an agent run's, and nothing else: no store, no signatures, no status, no policy. */
import { condition, proxyActivities, proxySinks, setHandler, defineSignal, workflowInfo } from '@temporalio/workflow';
import { APPROVE } from './messages.ts';
import type { FloorActivities, FloorSinks } from './messages.ts';

const { callModel, runTool } = proxyActivities<FloorActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '100ms', maximumInterval: '10s' },
});
const { notes } = proxySinks<FloorSinks>();

export async function floorRun(turns: number): Promise<void> {
  let approved = 0;
  setHandler(defineSignal(APPROVE), () => {
    approved += 1;
  });
  const runId = workflowInfo().workflowId;
  for (let turn = 1; turn <= turns; turn += 1) {
    const { step } = await callModel(turn);
    notes.pending();
    await condition(() => approved >= turn, '24h');
    await runTool({ runId, step });
  }
  await callModel(turns + 1);
  notes.ended();
}
