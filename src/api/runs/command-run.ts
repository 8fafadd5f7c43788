/**
 * Commands that a person gives a run and that are no decisions: block, unblock, message, resolve. Signed and recorded, then put
 * into the run's mailbox, and answered on the event that they lead to.
 */
import type { CommandedRun } from '../../contract/run-commands.ts';
import type { ProblemCode } from '../../contract/problem.ts';
import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { endedBy, isFinished, runCan } from '../../domain/core/run-status.ts';
import type { BlockCommand, MessageCommand, ResolveCommand, UnblockCommand } from '../../domain/schemas/command.ts';
import type { CommandName } from '../../gateway/run-gateway.ts';
import type { NewBlob } from '../../store/blobs.ts';
import { readCommands } from '../../store/commands.ts';
import { readEvents } from '../../store/events.ts';
import type { ChainedEvent } from '../../store/events.ts';
import { getRun } from '../../store/run-rows.ts';
import type { RunRow } from '../../store/run-rows.ts';
import type { GuardReport } from '../../contract/guards.ts';
import type { GuardNotice } from '../../domain/guards/guard.ts';
import { derivedId, randomId, wordsId } from '../decisions/decision-id.ts';
import { signAndRecord } from '../decisions/sign-and-record.ts';
import type { Api, Caller } from '../dependencies.ts';
import { guardReports, guardsToldOf, tellGuarded } from '../guards/tell-guarded.ts';
import { HttpProblem } from '../http-problem.ts';
import { waitForAnswer } from '../streams/wait-for-event.ts';

type Command = BlockCommand | UnblockCommand | MessageCommand | ResolveCommand;
type Name = Extract<CommandName, Command['type']>;

export interface RunOrder<Request> {
  readonly caller: Caller;
  readonly run: RunRow;
  readonly request: Request;
  readonly idempotencyKey: string | undefined;
  readonly signal: AbortSignal;
}

export interface CommandAnswer {
  readonly run: RunRow;
  readonly commandId: string;
  readonly outcome: CommandedRun['outcome'];
  readonly guards: readonly GuardReport[];
}

/** A command with its words. */
export interface PreparedCommand {
  readonly command: Command;
  readonly blobs: readonly NewBlob[];
  /** Its words reach the model. */
  readonly contributes: boolean;
  /** What the guards did with them. */
  readonly guards: readonly GuardNotice[];
}

/** Why a run in this status cannot be commanded so. */
const REFUSED_BY_STATUS: Readonly<Record<Name, ProblemCode>> = {
  block: 'run_over',
  unblock: 'not_blocked',
  message: 'run_over',
  resolve: 'not_parked',
};

/** What the run itself says no with. */
const REFUSALS: Readonly<Record<string, ProblemCode>> = {
  not_blocked: 'not_blocked',
  not_parked: 'not_parked',
  attempt_changed: 'attempt_changed',
  resolution_not_allowed: 'resolution_not_allowed',
  run_over: 'run_over',
  too_many_messages: 'too_many_messages',
};

const PAGE = 500;

/** `prepare` is asked only where the command is new. Throws the problem where it is refused. */
export async function commandRun<Request>(
  api: Api,
  name: Name,
  order: RunOrder<Request>,
  prepare: (commandId: string, nowMs: number) => Promise<PreparedCommand>,
): Promise<CommandAnswer> {
  const { run } = order;
  const commandId = await identify(api, name, order);
  // Before the log is read: the same command sent to another replica may be answered while we look.
  using wait = waitForAnswer(api.feed, run, order.signal, (event) => {
    // A run that has ended says nothing more: a command that crossed its end is not answered.
    return isAnswer(event, commandId) || endedBy(event.type) ? event : undefined;
  });
  const known = order.idempotencyKey === undefined ? undefined : await findAnswer(api, run, commandId);
  if (known) {
    const outcome = outcomeOf(known, 'already_recorded');
    return { run, commandId, outcome, guards: guardReports(await guardsToldOf(api, run, commandId)) };
  }
  const refusal = refusalOf(name, run);
  if (refusal) throw refusal;
  const guards = await send(api, name, order, commandId, prepare);
  const answer = await wait.within(api.limits.decisionWaitMs);
  const outcome = answer ? outcomeOf(answer, 'recorded') : 'pending';
  const current = (await getRun(api.store, run, run.runId)) ?? run;
  return { run: current, commandId, outcome, guards: guardReports(guards) };
}

function refusalOf(name: Name, run: RunRow): HttpProblem | undefined {
  const extras = { runStatus: run.status };
  if (isFinished(run.status)) return runCan(name, run.status) ? undefined : new HttpProblem('run_over', { extras });
  // It ends with its request: it neither waits nor listens meanwhile.
  if (run.drivenBy !== null) return new HttpProblem('classic_run', { extras });
  return runCan(name, run.status) ? undefined : new HttpProblem(REFUSED_BY_STATUS[name], { extras });
}

/** Under a key the same words are the same command; without one every request is a command of its own. */
async function identify<Request>(api: Api, name: Name, order: RunOrder<Request>): Promise<string> {
  const { caller, run, request, idempotencyKey } = order;
  if (idempotencyKey === undefined) return randomId('cmd');
  const { principal } = caller.actor;
  const words = canonicalJson(JSON.parse(JSON.stringify(request)) as JsonValue);
  const key = derivedId('key', run.runId, principal, idempotencyKey);
  // Half of the id names the key, the other half the words: the same key with other words is told apart.
  const half = key.slice('key_'.length, 'key_'.length + 13);
  const commandId = `cmd_${half}${wordsId(api.signer.fingerprint, name, words)}`;
  const recorded = await readCommands(api.store, run, run.runId);
  const isReused = recorded.some(({ signed }) => {
    const id = commandIdIn(signed.bytes);
    return id?.startsWith(`cmd_${half}`) && id !== commandId;
  });
  if (isReused) throw new HttpProblem('idempotency_mismatch');
  return commandId;
}

function commandIdIn(bytes: string): string | undefined {
  const command = JSON.parse(bytes) as { commandId?: unknown };
  return typeof command.commandId === 'string' ? command.commandId : undefined;
}

type Answer = Pick<ChainedEvent, 'type' | 'data'>;

const isAnswer = ({ data }: Answer, commandId: string): boolean => data['commandId'] === commandId;

/** What the run has said of this command before. */
async function findAnswer(api: Api, run: RunRow, commandId: string): Promise<Answer | undefined> {
  for (let after = 0; ;) {
    const events = await readEvents(api.store, run, run.rootRunId, { after, limit: PAGE, runId: run.runId });
    const found = events.find((event) => isAnswer(event, commandId));
    const last = events.at(-1);
    if (found || !last || events.length < PAGE) return found;
    after = last.seq;
  }
}

function outcomeOf({ type, data }: Answer, outcome: 'recorded' | 'already_recorded'): CommandAnswer['outcome'] {
  if (endedBy(type)) throw new HttpProblem('run_over');
  if (type !== 'command.refused') return outcome;
  throw new HttpProblem(REFUSALS[String(data['code'])] ?? 'command_refused');
}

/** Signs, records and delivers; what the guards did with its words is the answer. */
async function send<Request>(
  api: Api,
  name: Name,
  { caller, run }: RunOrder<Request>,
  commandId: string,
  prepare: (commandId: string, nowMs: number) => Promise<PreparedCommand>,
): Promise<readonly GuardNotice[]> {
  const { tenant, project, runId } = run;
  const address = { tenant, project, runId };
  const nowMs = await api.clock.nowMs();
  const { command, blobs, contributes, guards } = await prepare(commandId, nowMs);
  await tellGuarded(api, caller, run, commandId, guards);
  const signed = await signAndRecord(api, { caller, address, command, nowMs, contributes, blobs });
  const delivery = await api.gateway.command(address, name, signed);
  if (delivery === 'run_over') throw new HttpProblem('run_over');
  // The row is there, the workflow is not yet: it starts by itself once Temporal takes it.
  if (delivery === 'unknown_run') throw new HttpProblem('temporal_unavailable');
  return guards;
}
