/** `npm run demo`: one run from start to artifact, unattended, on services and files of its own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '../../client/index.ts';
import type { CountersignClient } from '../../client/index.ts';
import type { Approval } from '../../contract/approvals.ts';
import type { RunDetail } from '../../contract/runs.ts';
import { presentInline, presentText } from '../../domain/present/present.ts';
import { readClientFile } from '../../platform/client-config.ts';
import { loadConfig } from '../../platform/config.ts';
import type { Config } from '../../platform/config.ts';
import { streamProgress } from '../../platform/progress.ts';
import { freePort } from '../../platform/services/free-port.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { followAndPrint } from '../follow-run.ts';
import { listenForInterruption } from '../interruption.ts';
import { projectRoot } from '../project-root.ts';
import { approvalScreen } from '../show/approval.ts';
import { jsonText } from '../show/json.ts';
import { status } from '../show/status.ts';
import type { Terminal } from '../terminal.ts';
import { readChain } from './chain-check.ts';
import { EXAMPLE_AGENT, EXAMPLE_INPUT } from './example-run.ts';
import { startLocalSystem } from './local-system.ts';

export interface DemoOptions {
  readonly json?: boolean;
}

const ARTIFACT = 'RELEASE_NOTES.md';
/** Without its services, which say themselves how long they may take. */
const STORY_DEADLINE_MS = 120_000;

export async function runDemo({ terminal, end }: CliContext, options: DemoOptions): Promise<void> {
  const { signal, happened } = listenForInterruption();
  const config = forDemo(loadConfig());
  const progress = streamProgress(process.stderr);
  const story = options.json ? storyOnErrors(terminal) : terminal;
  const directory = demoDirectory();
  const stack = new AsyncDisposableStack();
  stack.defer(async () => rmSync(directory, { recursive: true, force: true }));

  const run = async (): Promise<Outcome> => {
    const stateDirectory = join(directory, 'state');
    mkdirSync(stateDirectory, { mode: 0o700 });
    const system = await startLocalSystem({
      config,
      stateDirectory,
      servicesDirectory: join(directory, 'services'),
      logsDirectory: join(directory, 'logs'),
      workspacesRoot: join(directory, 'workspaces'),
      repository: config.repository ?? projectRoot,
      directory: projectRoot,
      reloadAgents: 'off',
      apiPort: await freePort(),
      hasTemporalUi: false,
      progress,
      stack,
    });
    const kept = readClientFile(stateDirectory);
    if (kept === undefined) throw new CliError(EXIT.failed, 'The system has made no key.');
    const client = createClient({ baseUrl: kept.url, apiKey: kept.apiKey });
    const deadline = AbortSignal.timeout(STORY_DEADLINE_MS);
    const telling = tellStory(client, story, AbortSignal.any([signal, deadline]));
    const outcome = await Promise.race([telling, system.failed, happened]);
    if (outcome instanceof Error) throw outcome;
    if (outcome === undefined) throw new CliError(EXIT.interrupted, 'Interrupted.');
    return outcome;
  };

  let outcome: Outcome | undefined;
  try {
    outcome = (await Promise.race([run(), happened])) ?? undefined;
  } finally {
    await progress.during('Stopping', {}, () => stack.disposeAsync());
  }
  if (outcome === undefined) return process.exit(EXIT.interrupted);
  if (options.json) terminal.print(jsonText(outcome));
  if (outcome.status !== 'completed') end(EXIT.failed);
}

interface Outcome {
  readonly runId: string;
  readonly status: string;
  readonly approvalId: string;
  readonly digest: string;
  readonly artifact: { readonly path: string; readonly text: string };
  readonly eventSeq: number;
  readonly headHash: string;
}

async function tellStory(client: CountersignClient, terminal: Terminal, signal: AbortSignal): Promise<Outcome> {
  const chapter = (title: string) => terminal.print(`\n${terminal.style('bold', title)}\n`);

  chapter(`POST /v1/runs: ${EXAMPLE_AGENT}, “${EXAMPLE_INPUT}”`);
  const started = await client.runs.start({ agent: EXAMPLE_AGENT, input: EXAMPLE_INPUT }, { signal });
  terminal.print(`Run ${started.runId}. Its events, as they happen:\n`);

  let approval: Approval | undefined;
  const ended = await followAndPrint(client, terminal, started.runId, {
    signal,
    onEvent: async ({ type }) => {
      if (type !== 'approval.requested') return;
      const { data } = await client.approvals.listOfRun(started.runId, { status: 'pending' }, { signal });
      if (data[0] === undefined) return;
      approval = await client.approvals.get(data[0], { signal });
      chapter('What it asks consent for');
      terminal.print(approvalScreen(terminal, approval, Date.now()));
      chapter(`POST ${approval.links.decisions}: approve exactly this digest`);
      const receipt = await client.approvals.decide(
        approval,
        { decision: 'approve', digest: approval.digest },
        { signal },
      );
      terminal.print(`${receipt.outcome}, ${receipt.decisionId}\n`);
    },
  });
  const run = await client.runs.get(started.runId, { signal });
  assertTold(run, ended, approval);

  const bytes = await client.artifacts.read(run.runId, ARTIFACT, { signal });
  const text = new TextDecoder().decode(bytes);
  const [receipt] = (await client.artifacts.list(run.runId, { signal })).filter(({ path }) => path === ARTIFACT);
  chapter(`${ARTIFACT}, ${bytes.length} bytes, sha256:${receipt?.sha256 ?? ''}`);
  terminal.print(presentText(text));

  const chain = await readChain(client, run.runId, signal);
  if (!chain.ok) throw new CliError(EXIT.failed, `The event log does not fit its head: ${chain.problem}.`);
  chapter('The audit chain');
  terminal.print(`  Events  ${run.eventSeq}, without a gap`);
  terminal.print(`  Head    ${run.headHash}`);
  terminal.print(`\nThe run is over: ${status(terminal, run.status)}.`);
  const { runId, eventSeq, headHash } = run;
  const { approvalId, digest } = approval;
  return { runId, status: run.status, approvalId, digest, artifact: { path: ARTIFACT, text }, eventSeq, headHash };
}

function assertTold(
  run: RunDetail,
  ended: string | undefined,
  approval: Approval | undefined,
): asserts approval is Approval {
  if (ended === undefined)
    throw new CliError(EXIT.failed, `The run is still ${run.status} after ${STORY_DEADLINE_MS / 1_000} s.`);
  if (approval === undefined) throw new CliError(EXIT.failed, `The run is ${run.status} and has asked for nothing.`);
  if (run.status === 'completed') return;
  throw new CliError(
    EXIT.failed,
    `The run is ${run.status}: ${presentInline(run.failure?.detail ?? 'no reason is given')}`,
  );
}

/** The example as it comes, whatever this machine is configured for; only its model is the one of the environment. */
const forDemo = (config: Config): Config => ({
  ...config,
  databaseUrl: undefined,
  temporal: { ...config.temporal, endpoint: undefined, namespace: 'default' },
  agentModules: [join(projectRoot, 'examples', 'release-notes', 'agent.ts')],
  policyFile: undefined,
});

/** Others may pass through it but not look around: root's PostgreSQL, which runs as another user, has its data below. */
function demoDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'countersign-demo-'));
  chmodSync(directory, 0o711);
  mkdirSync(join(directory, 'services'), { mode: 0o711 });
  return directory;
}

const storyOnErrors = (terminal: Terminal): Terminal => ({
  ...terminal,
  columns: terminal.columns,
  print: (text = '') => terminal.note(text),
  write: (text) => void process.stderr.write(text),
});
