/**
 * Asks workflows what became of decisions: one query in flight for each run, since the server holds back few of them.
 * Who asks meanwhile shares the next one, which starts after their signal was accepted.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { workflowId } from '../../domain/core/ids.ts';
import type { WorkflowAddress } from '../../domain/core/ids.ts';
import type { RunGateway } from '../../gateway/run-gateway.ts';
import type { VerdictView } from '../../gateway/run-gateway.ts';

interface Question {
  readonly approvalId: string;
  readonly decisionId: string;
}

/** What the workflow said, and which decision it was asked about. */
export interface VerdictAnswer {
  readonly askedFor: string;
  /** Undefined where no worker answered. */
  readonly view: VerdictView | undefined;
}

type Answer = Promise<VerdictAnswer>;

interface RunQueries {
  inFlight: Answer;
  /** The shared next query of each approval. */
  readonly next: Map<string, Answer>;
}

const EXHAUSTED_ATTEMPTS = 20;
const RESOURCE_EXHAUSTED = 8;

export class VerdictQueries {
  readonly #gateway: RunGateway;
  readonly #byRun = new Map<string, RunQueries>();

  constructor(gateway: RunGateway) {
    this.#gateway = gateway;
  }

  /**
   * The answer may have been asked for by another decision on the same approval: its `approval` then tells.
   */
  ask(address: WorkflowAddress, question: Question): Answer {
    const key = workflowId(address);
    const queries = this.#byRun.get(key);
    if (!queries) {
      const inFlight = this.#query(address, question);
      const started: RunQueries = { inFlight, next: new Map() };
      this.#byRun.set(key, started);
      this.#forgetAfter(key, started, inFlight);
      return inFlight;
    }
    const shared = queries.next.get(question.approvalId);
    if (shared) return shared;
    const follow = async () => {
      queries.next.delete(question.approvalId);
      return this.#query(address, question);
    };
    const answer = queries.inFlight.then(follow, follow);
    queries.next.set(question.approvalId, answer);
    queries.inFlight = answer;
    this.#forgetAfter(key, queries, answer);
    return answer;
  }

  #forgetAfter(key: string, queries: RunQueries, answer: Answer): void {
    const forget = () => {
      if (queries.inFlight === answer) this.#byRun.delete(key);
    };
    answer.then(forget, forget);
  }

  async #query(address: WorkflowAddress, { approvalId, decisionId }: Question): Answer {
    for (let attempt = 1; ; attempt++) {
      try {
        const view = await this.#gateway.verdict(address, approvalId, decisionId);
        return { askedFor: decisionId, view };
      } catch (error) {
        if (attempt >= EXHAUSTED_ATTEMPTS || !isResourceExhausted(error)) throw error;
        await delay(20 + Math.random() * 80);
      }
    }
  }
}

/** The server buffers few queries a run: gRPC code 8, wherever in the chain of causes. */
function isResourceExhausted(error: unknown): boolean {
  for (let cause: unknown = error; typeof cause === 'object' && cause !== null;) {
    if ('code' in cause && cause.code === RESOURCE_EXHAUSTED) return true;
    cause = 'cause' in cause ? cause.cause : undefined;
  }
  return false;
}
