/** Nobody signs the start of a sub-run: it stands on the call of its parent that it carries out. */
import { subRunId } from '../core/ids.ts';
import type { EventOf, RunEvent } from '../schemas/event.ts';
import type { Findings } from './report.ts';

export const isOfSubRun = ({ data }: EventOf<'run.started'>): boolean => data.parentRunId !== undefined;

export class SubRunTrail {
  readonly #callsOfAgents = new Set<string>();
  readonly #dispatched = new Set<string>();
  /** By call of a tool that hands the run over: to whom. */
  readonly #targets = new Map<string, string>();
  readonly #handedOver = new Set<string>();
  /** By run: who acts in it. */
  readonly #acting = new Map<string, string>();
  readonly #requesters = new Map<string, string>();
  readonly #faults: Findings;

  constructor(faults: Findings) {
    this.#faults = faults;
  }

  /** A run is handed over by a call that has happened, or after the words of an agent that others follow. */
  #transferred(seq: number, runId: string, { data }: EventOf<'run.transferred'>): void {
    const { toolCallId, from, agent } = data;
    const fault = (detail: string) => this.#faults.add('transfer_mismatch', `${runId}: ${detail}`, seq);
    const acting = this.#acting.get(runId);
    if (acting !== undefined && acting !== from) fault(`it was ${acting}'s, and not ${from}'s`);
    this.#acting.set(runId, agent);
    if (toolCallId === undefined) return;
    if (!this.#handedOver.has(`${runId}/${toolCallId} ${agent}`)) fault(`no call has handed it to ${agent}`);
  }

  follow(seq: number, rootRunId: string, runId: string, event: RunEvent): void {
    switch (event.type) {
      case 'message.completed':
        for (const { toolCallId, role, transfer } of event.data.calls) {
          if (role === 'agent') this.#callsOfAgents.add(`${runId}/${toolCallId}`);
          if (transfer) this.#targets.set(`${runId}/${toolCallId}`, transfer.agent);
        }
        return;
      case 'tool.completed': {
        const call = `${runId}/${event.data.toolCallId}`;
        const target = this.#targets.get(call);
        if (target !== undefined && this.#dispatched.has(call)) this.#handedOver.add(`${call} ${target}`);
        return;
      }
      case 'run.transferred':
        return this.#transferred(seq, runId, event);
      case 'tool.started':
        this.#dispatched.add(`${runId}/${event.data.toolCallId}`);
        return;
      case 'run.started':
        this.#started(seq, rootRunId, runId, event);
        return;
      default:
    }
  }

  #started(seq: number, rootRunId: string, runId: string, { data }: EventOf<'run.started'>): void {
    const { parentRunId, toolCallId, requester } = data;
    this.#requesters.set(runId, requester.principal);
    this.#acting.set(runId, data.agent);
    if (parentRunId === undefined || toolCallId === undefined) return;
    const fault = (code: string, detail: string) => this.#faults.add(code, `${runId}: ${detail}`, seq);
    if (subRunId(rootRunId, parentRunId, toolCallId) !== runId)
      return fault('sub_run_mismatch', 'its id is not that of the call that it names');
    const call = `${parentRunId}/${toolCallId}`;
    if (!this.#callsOfAgents.has(call)) return fault('sub_run_mismatch', 'its parent has called no agent there');
    if (!this.#dispatched.has(call)) return fault('sub_run_mismatch', 'it began before its call was dispatched');
    if (this.#requesters.get(parentRunId) !== requester.principal)
      return fault('sub_run_mismatch', 'it has another requester than its parent');
  }
}
