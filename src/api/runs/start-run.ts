/**
 * Starts a run: the row decides create-or-get, then the workflow starts, or, of classic execution, this process drives it.
 * A start that could not be sent leaves its row: a repeat with the same Idempotency-Key sends it again, and so does the
 * reconciler, by itself.
 */
import { randomBytes } from 'node:crypto';
import type { StartRun } from '../../contract/runs.ts';
import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { runIdFromBytes, runIdFromKey } from '../../domain/core/ids.ts';
import { isFinished } from '../../domain/core/run-status.ts';
import type { GuardNotice } from '../../domain/guards/guard.ts';
import type { AgentDefinition, RunLimits } from '../../domain/schemas/agent.ts';
import type { StartCommand } from '../../domain/schemas/command.ts';
import { isTemporalUnavailable } from '../../gateway/temporal-faults.ts';
import { makeBlob } from '../../store/blobs.ts';
import type { NewBlob } from '../../store/blobs.ts';
import { checkVariables, pinnedVariables } from './start-variables.ts';
import { currentAgent, getDefinition } from '../../store/definitions.ts';
import type { CurrentAgent } from '../../store/definitions.ts';
import { createRun, getRun } from '../../store/run-rows.ts';
import type { NewRun, RunRow } from '../../store/run-rows.ts';
import type { Api, Caller } from '../dependencies.ts';
import { guardText } from '../guards/guard-text.ts';
import { guardsToldOf, tellGuarded } from '../guards/tell-guarded.ts';
import { HttpProblem } from '../http-problem.ts';
import { runPath } from '../views/run-view.ts';
import { conversationBusy, prepareReplacement, sendCancel } from './replace-run.ts';
import type { Replacement } from './replace-run.ts';
import { partiesOf } from './run-parties.ts';

export interface StartOrder {
  readonly caller: Caller;
  readonly request: StartRun;
  readonly idempotencyKey: string | undefined;
  /** Hears the run's id before there is such a run, or where there is one already. */
  readonly onNamed?: (runId: string) => void;
}

export interface StartedRun {
  readonly run: RunRow;
  readonly isNew: boolean;
  /** What the guards did with its input and state. */
  readonly guards: readonly GuardNotice[];
}

/** Where people's words are in a request for a run. */
const WORDS = { input: 'input', state: 'state', variables: 'input' } as const;

interface Digests {
  readonly agentDigest: string;
  readonly definition: AgentDefinition;
  readonly requestDigest: string;
}

interface CreatedRow {
  readonly outcome: 'created' | 'existing';
  readonly run: RunRow;
  /** Whose place it took, with the cancel that is to be sent there. */
  readonly replaces?: Replacement | undefined;
}

/** So many others may replace the same run at the same moment before one is told that the conversation is busy. */
const MAX_REPLACE_ATTEMPTS = 20;

/** Starts runs, and knows whether Temporal took the last one. */
export class RunStarter {
  readonly #api: Api;
  /** Set while the last start failed: rows are then not made for nothing. */
  #wasUnavailable = false;

  constructor(api: Api) {
    this.#api = api;
  }

  async start(order: StartOrder): Promise<StartedRun> {
    const { caller, request } = order;
    const agent = await currentAgent(this.#api.store, caller.scope, request.agent);
    if (!agent) throw new HttpProblem('unknown_agent');
    const isClassic = agent.definition.execution === 'classic';
    if (!isClassic && this.#wasUnavailable && !(await this.#api.gateway.isHealthy()))
      throw new HttpProblem('temporal_unavailable');
    checkVariables(agent.definition, request);
    const created = await this.#findOrCreate(order, agent);
    const { outcome, run, replaces, guards } = created;
    if (replaces) sendCancel(this.#api, replaces);
    // Until the run's first event is stored, nothing proves that it started. It is started again: Temporal takes each
    // run once.
    const isOfWorkflow = run.drivenBy === null;
    if (isOfWorkflow && !run.startedInTemporal && !isFinished(run.status) && run.replacedBy === null) {
      await this.#startWorkflow(run, run.agentDigest === agent.digest ? agent.definition.limits : undefined);
      if (run.conversationId !== null) await this.#cancelIfReplaced(run);
    }
    return { run, isNew: outcome === 'created', guards };
  }

  async #findOrCreate(
    order: StartOrder,
    { digest: agentDigest, definition }: CurrentAgent,
  ): Promise<CreatedRow & Pick<StartedRun, 'guards'>> {
    const api = this.#api;
    const runId = runIdOf(order);
    const requestDigest = this.#requestDigest(order.request, runId);
    // A service that is asked again might say otherwise, or nothing: what it said once stands.
    const mayDiffer = api.guards.some(({ isRemote }) => isRemote);
    // Whoever drives no such run can still say what has become of it.
    const drivesNone = definition.execution === 'classic' && api.classic?.driverId === undefined;
    const looksFirst = order.idempotencyKey !== undefined && (mayDiffer || drivesNone);
    const known = looksFirst ? await getRun(api.store, order.caller.scope, runId) : undefined;
    if (known) {
      if (known.requestDigest !== requestDigest) throw new HttpProblem('idempotency_mismatch');
      order.onNamed?.(runId);
      return { outcome: 'existing', run: known, guards: await guardsToldOf(api, known, runId) };
    }
    const { request, notices } = await guardText(api, order.request, WORDS);
    const digests = { agentDigest, definition, requestDigest };
    const created = await this.#createRow({ ...order, request }, runId, digests);
    if (created.outcome === 'existing') return { ...created, guards: await guardsToldOf(api, created.run, runId) };
    try {
      await tellGuarded(api, { actor: order.caller.own }, created.run, runId, notices);
    } finally {
      // Only this process may: there is no start that somebody else could repeat.
      if (created.run.drivenBy !== null) api.classic?.begin(created.run, definition);
    }
    return { ...created, guards: notices };
  }

  /** Tells repeats from other requests. The run id stands for requester and key, and keeps equal inputs apart. */
  #requestDigest(request: StartRun, runId: string): string {
    const { agent, input, conversationId = null, labels = {}, replace, variables, timezone } = request;
    const state = request.state === undefined ? {} : { state: request.state as JsonValue };
    const replaces = replace ? { replace } : {};
    const { principal, groups = [] } = request.requester ?? {};
    const requester = principal === undefined ? {} : { requester: { principal, groups } };
    const more = {
      ...state,
      ...replaces,
      ...requester,
      ...(variables && { variables }),
      ...(timezone && { timezone }),
    };
    const words = canonicalJson({ v: 2, runId, agent, input, conversationId, labels, ...more });
    return `sha256:${Buffer.from(this.#api.signer.fingerprint(words)).toString('hex')}`;
  }

  async #createRow(
    { caller, request, idempotencyKey, onNamed }: StartOrder,
    runId: string,
    { agentDigest, definition, requestDigest }: Digests,
  ): Promise<CreatedRow> {
    const { policyDigest } = definition;
    const api = this.#api;
    const { tenant, project } = caller.scope;
    const { requester, startedBy, contributors } = partiesOf(caller, request);
    const input = makeBlob({ text: request.input });
    const state = request.state === undefined ? undefined : makeBlob(request.state as JsonValue);
    const nowMs = await api.clock.nowMs();
    const { timezone } = request;
    const variables = pinnedVariables(definition, request, nowMs);
    const command: StartCommand = {
      type: 'start',
      tenant,
      project,
      runId,
      agent: request.agent,
      agentDigest,
      policyDigest,
      requester,
      ...(contributors.length > 0 && { contributors }),
      inputRef: input.ref,
      salt: randomBytes(16).toString('hex'),
      ...(request.conversationId === undefined ? {} : { conversationId: request.conversationId }),
      ...(state && { stateRef: state.ref }),
      ...(variables && { variablesRef: variables.ref }),
      ...(timezone !== undefined && { timezone }),
    };
    const startCommand = await api.signer.sign(command, {
      tenant,
      project,
      actor: caller.own,
      authTime: caller.authenticatedAtMs,
      channel: caller.channel,
      nowMs,
    });
    onNamed?.(runId);
    const blobs = [input, ...(state ? [state] : []), ...(variables ? [variables] : [])];
    const row: NewRun = {
      tenant,
      project,
      runId,
      rootRunId: runId,
      agent: request.agent,
      agentDigest,
      policyDigest,
      requester: requester.principal,
      requesterGroups: requester.groups,
      startedBy,
      drivenBy: definition.execution === 'classic' ? this.#driver() : null,
      inputRef: input.ref,
      conversationId: request.conversationId ?? null,
      labels: request.labels ?? {},
      idempotencyKey: storedKey(idempotencyKey, startedBy),
      requestDigest,
      startCommand,
      createdAt: nowMs,
    };
    return this.#createOrReplace(caller, row, blobs, request.replace ?? false);
  }

  #driver(): string {
    const driverId = this.#api.classic?.driverId;
    if (driverId === undefined) throw new HttpProblem('classic_unavailable');
    return driverId;
  }

  /** Whoever else replaces the same run at the same moment comes before it or after it. */
  async #createOrReplace(
    caller: Caller,
    row: NewRun,
    blobs: readonly NewBlob[],
    mayReplace: boolean,
    attempts = MAX_REPLACE_ATTEMPTS,
    replaces?: Replacement,
  ): Promise<CreatedRow> {
    const { store, maxActiveRunsPerRequester: maxActiveRuns } = this.#api;
    const result = await createRun(store, row, blobs, { maxActiveRuns, ...(replaces && { replaces }) });
    switch (result.outcome) {
      case 'created':
        return { outcome: result.outcome, run: result.run, replaces };
      case 'existing':
        return { outcome: result.outcome, run: result.run };
      case 'mismatch':
        throw new HttpProblem('idempotency_mismatch');
      case 'too_many_active_runs':
        throw new HttpProblem('too_many_active_runs');
      case 'conversation_busy': {
        if (!mayReplace || attempts === 0) throw conversationBusy(caller, result);
        const next = await prepareReplacement(this.#api, caller, result, { runId: row.runId, nowMs: row.createdAt });
        return this.#createOrReplace(caller, row, blobs, mayReplace, attempts - 1, next);
      }
    }
  }

  /** Whoever replaced it before it was in Temporal had nobody to send the cancel to. */
  async #cancelIfReplaced({ tenant, project, runId }: RunRow): Promise<void> {
    const now = await getRun(this.#api.store, { tenant, project }, runId);
    if (now?.cancelRequested) sendCancel(this.#api, { tenant, project, runId, signed: now.cancelRequested });
  }

  async #startWorkflow(run: RunRow, knownLimits: RunLimits | undefined): Promise<void> {
    const api = this.#api;
    const { tenant, project, runId, agent } = run;
    const limits = knownLimits ?? (await getDefinition(api.store, run, run.agentDigest))?.limits;
    if (!limits) throw new Error(`The definition of run ${runId} is not in the store`);
    try {
      await api.gateway.startRun({ address: { tenant, project, runId }, agent, start: run.startCommand, limits });
      this.#wasUnavailable = false;
    } catch (error) {
      if (!isTemporalUnavailable(error)) throw error;
      this.#wasUnavailable = true;
      api.logger.warn({ err: error, runId }, 'run.start_deferred');
      throw new HttpProblem('temporal_unavailable', {
        detail: 'The run is recorded, but Temporal did not take it yet. It starts by itself once Temporal is back.',
        extras: { runId },
        headers: { location: runPath(runId) },
        cause: error,
      });
    }
  }
}

/** A service's keys are its own: they never meet those of the requester. */
const storedKey = (key: string | undefined, startedBy: string | null): string | null =>
  key === undefined || startedBy === null ? (key ?? null) : JSON.stringify([startedBy, key]);

/** Under a key the same run, whatever the request says; without one every request is a run of its own. */
function runIdOf({ caller, idempotencyKey }: StartOrder): string {
  const { tenant, project } = caller.scope;
  const { principal } = caller.own;
  return idempotencyKey === undefined
    ? runIdFromBytes(randomBytes(17))
    : runIdFromKey({ tenant, project, principal, key: idempotencyKey });
}
