/** `npm start`: everything on this machine, attached to the terminal until it is told to stop. */
import { join } from 'node:path';
import { createClient } from '../../client/index.ts';
import type { CountersignClient } from '../../client/index.ts';
import type { Approval } from '../../contract/approvals.ts';
import { clientFilePath, updateClientFile } from '../../platform/client-config.ts';
import type { ClientFile } from '../../platform/client-config.ts';
import { loadConfig } from '../../platform/config.ts';
import type { Config } from '../../platform/config.ts';
import { followReloads } from '../../platform/reload-line.ts';
import type { Reload } from '../../platform/reload-line.ts';
import { streamProgress } from '../../platform/progress.ts';
import { preferredPort } from '../../platform/services/free-port.ts';
import { claimInstance } from '../../platform/services/service-lock.ts';
import { privateDirectory, stateDirectory } from '../../platform/state-directory.ts';
import { presentInline } from '../../domain/present/present.ts';
import { COMMAND } from '../context.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { listenForInterruption } from '../interruption.ts';
import { projectHome } from '../project-root.ts';
import { jsonText } from '../show/json.ts';
import type { Terminal } from '../terminal.ts';
import { exampleApproval } from './example-run.ts';
import { startLocalSystem } from './local-system.ts';
import type { LocalSystem } from './local-system.ts';
import { pendingText, quoted } from './pending.ts';

export interface DevOptions {
  readonly port?: number;
  readonly example: boolean;
  readonly firstRun: string;
  readonly firstInput: string;
  readonly json?: boolean;
}

/** What `temporal` and people look for first. */
const temporalPort = 7233;
const temporalUiPort = 8233;

export async function runDev({ terminal, end }: CliContext, options: DevOptions): Promise<void> {
  const startedMs = Date.now();
  const config = loadConfig();
  const { signal, happened } = listenForInterruption();
  const directory = privateDirectory(config.stateDirectory ?? stateDirectory(projectHome(), config.stateHome));
  const instance = claimInstance(directory);
  if (!instance.claimed) throw new CliError(EXIT.failed, instance.message);
  const progress = streamProgress(process.stderr);
  const stack = new AsyncDisposableStack();
  stack.defer(async () => instance.claim.release());

  const run = async (): Promise<void> => {
    const system = await startLocalSystem({
      config,
      stateDirectory: directory,
      servicesDirectory: join(directory, 'services'),
      logsDirectory: join(directory, 'logs'),
      workspacesRoot: config.workspacesRoot ?? `${directory}-workspaces`,
      repository: config.repository ?? projectHome(),
      directory: projectHome(),
      reloadAgents: config.reloadAgents ?? 'on',
      apiPort: await chooseApiPort(config, options, terminal),
      temporalPorts: { port: await preferredPort(temporalPort), uiPort: await preferredPort(temporalUiPort) },
      hasTemporalUi: true,
      progress,
      stack,
    });
    const kept = updateClientFile(directory, system.url);
    const reloads = followReloads(system.log, (reload) => terminal.note(reloadText(reload)));
    stack.defer(() => reloads.stop());
    const place = { system, directory, kept };
    instance.claim.announce(addressesOf(system));
    if (!options.json) printAddresses(terminal, place, Date.now() - startedMs);
    const pending = kept === undefined ? [] : await findPending(kept, options, progress, signal, terminal);
    if (signal.aborted) return;
    if (options.json) terminal.print(jsonText(summaryOf(place, pending)));
    else await printNextStep(terminal, place, pending, options, signal);
    const failure = await Promise.race([happened, system.failed]);
    if (failure) throw failure;
  };

  try {
    await Promise.race([run(), happened]);
  } finally {
    if (signal.aborted && terminal.isTerminal) terminal.print();
    await progress.during('Stopping', {}, () => stack.disposeAsync());
  }
  terminal.note('Stopped.');
  end(EXIT.ok);
}

/** Runs under way keep the definition that they began with. */
const reloadText = (reload: Reload): string => {
  if (!reload.ok) {
    const faults = reload.faults.map((fault) => `  - ${presentInline(fault)}`);
    return ['Agents not reloaded; they stay as they were:', ...faults].join('\n');
  }
  if (reload.agents.length === 0) return 'Agents reloaded: their definitions are the same, their code is new.';
  return `Agents reloaded: new runs of ${reload.agents.map((name) => presentInline(name)).join(', ')} use what you wrote.`;
};

/** A port that somebody has named is taken at their word; otherwise another one will do. */
async function chooseApiPort(config: Config, options: DevOptions, terminal: Terminal): Promise<number> {
  const wanted = options.port ?? config.api.port;
  const port = await preferredPort(wanted);
  if (port === wanted) return port;
  if (options.port === undefined && !config.api.isPortNamed) {
    terminal.note(`Port ${wanted} is taken; the API listens on another.`);
    return port;
  }
  throw new CliError(
    EXIT.failed,
    `Port ${wanted} is taken.`,
    'Name another one with --port, or stop what listens there.',
  );
}

interface Place {
  readonly system: LocalSystem;
  readonly directory: string;
  readonly kept: ClientFile | undefined;
}

const addressesOf = ({ url, temporal }: LocalSystem): Record<string, string> => ({
  API: url,
  Docs: `${url}/docs`,
  ...(temporal.uiUrl !== undefined && { 'Temporal UI': temporal.uiUrl }),
});

function printAddresses(terminal: Terminal, { system, directory, kept }: Place, tookMs: number): void {
  const line = (name: string, value: string) => terminal.print(`  ${terminal.style('dim', name.padEnd(12))} ${value}`);
  terminal.print(`\n${terminal.style('bold', 'Countersign is running')} (ready in ${(tookMs / 1000).toFixed(1)} s).\n`);
  for (const [name, address] of Object.entries(addressesOf(system))) line(name, address);
  line('Temporal', system.temporal.address);
  line('State', directory);
  line('Logs', join(directory, 'logs'));
  if (kept === undefined) line('Key', 'none is kept here: set COUNTERSIGN_API_KEY to use the command line');
  else if (!system.isFirstStart) line('Key', `kept in ${clientFilePath(directory)}`);
  else if (terminal.isTerminal) line('Key', `${kept.apiKey}  (shown this once; the command line has it)`);
  else line('Key', `made, and kept in ${clientFilePath(directory)}`);
  terminal.print();
}

async function findPending(
  kept: ClientFile,
  options: DevOptions,
  progress: ReturnType<typeof streamProgress>,
  signal: AbortSignal,
  terminal: Terminal,
): Promise<readonly Approval[]> {
  const client: CountersignClient = createClient({ baseUrl: kept.url, apiKey: kept.apiKey });
  const { data } = await client.approvals.list({ status: 'pending', limit: 10 }, { signal });
  if (data.length > 0 || !options.example) return data;
  const found = await exampleApproval(client, {
    agent: options.firstRun,
    input: options.firstInput,
    progress,
    signal,
    say: (text) => terminal.note(text),
  });
  return found === undefined ? [] : [found];
}

async function printNextStep(
  terminal: Terminal,
  place: Place,
  pending: readonly Approval[],
  options: DevOptions,
  signal: AbortSignal,
): Promise<void> {
  if (pending.length > 0) printPending(terminal, place, pending);
  else await printHowToStart(terminal, place, options, signal);
  terminal.print(`\n${terminal.style('dim', 'Ctrl-C stops everything; the next start goes on where this one ended.')}`);
}

/** With the first run's agent where it is among those that are loaded; else they are named. */
async function printHowToStart(
  terminal: Terminal,
  { kept }: Place,
  { firstRun, firstInput }: DevOptions,
  signal: AbortSignal,
): Promise<void> {
  const agents = kept && (await createClient({ baseUrl: kept.url, apiKey: kept.apiKey }).agents.list({ signal }));
  const names = agents?.map(({ name }) => name) ?? [firstRun];
  const words = names.includes(firstRun) ? `${firstRun} ${quoted(firstInput)}` : `<agent> 'what it is to do'`;
  terminal.print('Nothing waits for a decision. To start a run:');
  terminal.print(`  ${COMMAND} runs start ${words}`);
  if (!names.includes(firstRun)) terminal.print(`Agents: ${names.map((name) => presentInline(name)).join(', ')}`);
}

function printPending(terminal: Terminal, { system, directory }: Place, pending: readonly Approval[]): void {
  const [first, ...others] = pending;
  if (first === undefined) return;
  const count = others.length === 0 ? 'One call waits' : `${pending.length} calls wait`;
  terminal.print(`${terminal.style('bold', `${count} for your consent`)}\n`);
  terminal.print(pendingText(terminal, first, { url: system.url, clientFile: clientFilePath(directory) }, Date.now()));
  if (others.length > 0)
    terminal.print(
      `\nThe others (${others.map(({ tool }) => presentInline(tool.name)).join(', ')}): ${COMMAND} approvals list`,
    );
}

const summaryOf = ({ system, directory, kept }: Place, pending: readonly Approval[]) => ({
  url: system.url,
  docs: `${system.url}/docs`,
  temporalAddress: system.temporal.address,
  temporalUi: system.temporal.uiUrl ?? null,
  stateDirectory: directory,
  clientFile: kept === undefined ? null : clientFilePath(directory),
  pid: process.pid,
  pending: pending.map(({ approvalId, runId, key, digest }) => ({ approvalId, runId, key, digest })),
});
