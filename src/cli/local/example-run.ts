/** The first run of an installation: something to decide. */
import type { CountersignClient } from '../../client/index.ts';
import type { Approval } from '../../contract/approvals.ts';
import type { RunDetail } from '../../contract/runs.ts';
import { presentInline } from '../../domain/present/present.ts';
import type { Progress } from '../../platform/progress.ts';
import { COMMAND } from '../context.ts';

export const EXAMPLE_AGENT = 'release-notes';
export const EXAMPLE_INPUT = 'Write the release notes of this repository.';

const HOLD_SECONDS = 30;
const DEADLINE_MS = 300_000;

export interface ExampleOptions {
  readonly agent: string;
  readonly input: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Starts the example where there has never been a run and waits for what it asks; undefined where there is nothing. */
export async function exampleApproval(
  client: CountersignClient,
  { agent, input, progress, signal, say }: ExampleOptions,
): Promise<Approval | undefined> {
  const [runs, agents] = await Promise.all([
    client.runs.list({ limit: 1 }, { signal }),
    client.agents.list({ signal }),
  ]);
  if (runs.data.length > 0 || !agents.some(({ name }) => name === agent)) return undefined;
  const title = `Starting the first run of ${agent}`;
  const run = await progress.during(title, {}, async () => {
    // The same first run, however often its start is repeated.
    const request = { agent, input };
    const { runId } = await client.runs.start(request, { signal, idempotencyKey: 'first-run' });
    return settled(client, runId, signal);
  });
  const { data } = await client.approvals.listOfRun(run.runId, { status: 'pending' }, { signal });
  if (data[0] === undefined) {
    const why = run.failure ? `: ${presentInline(run.failure.detail)}` : '';
    say(
      `The run ${run.runId} is ${presentInline(run.status)}${why}. What happened: ${COMMAND} runs watch ${run.runId}`,
    );
  }
  return data[0];
}

/** The run once it is over or waits for a person, or as it is when patience ends. */
export async function settled(client: CountersignClient, runId: string, signal: AbortSignal): Promise<RunDetail> {
  const deadlineMs = Date.now() + DEADLINE_MS;
  for (;;) {
    const run = await client.runs.get(runId, { waitSeconds: HOLD_SECONDS, signal });
    if (run.status !== 'running' || Date.now() > deadlineMs) return run;
  }
}
