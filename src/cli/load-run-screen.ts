import type { CountersignClient } from '../client/index.ts';
import type { RunDetail } from '../contract/runs.ts';
import { runScreen } from './show/run.ts';
import type { Terminal } from './terminal.ts';

/** A run with what it waits for and its files. */
export async function loadRunScreen(client: CountersignClient, terminal: Terminal, run: RunDetail): Promise<string> {
  const [pending, artifacts, tree] = await Promise.all([
    client.approvals.listOfRun(run.runId, { status: 'pending', limit: 100 }),
    client.artifacts.list(run.runId),
    client.runs.list({ rootRunId: run.rootRunId, limit: 100 }),
  ]);
  return runScreen(terminal, { run, pending: pending.data, artifacts, tree: tree.data }, Date.now());
}
