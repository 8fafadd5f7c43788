/** What the verification of an export has found. */
import type { ChainHead } from './chain.ts';
import type { ExportHeader } from './export-lines.ts';

/** `code` is for programs and never changes its meaning; `detail` is for people. */
export interface Finding {
  readonly code: string;
  /** The event that it is about. */
  readonly seq?: number;
  readonly detail: string;
}

export interface AuditCounts {
  readonly events: number;
  readonly commands: number;
  readonly decisions: number;
  /** Calls that were dispatched, by why they were allowed to run. */
  readonly dispatches: Readonly<Record<string, number>>;
}

export interface AuditReport {
  readonly ok: boolean;
  /** Undefined where the file is no export. */
  readonly header: ExportHeader | undefined;
  /** As far as the chain holds. */
  readonly head: ChainHead | undefined;
  /** False where nobody said which keys to trust. */
  readonly signaturesChecked: boolean;
  readonly counts: AuditCounts;
  /** The first is where to look first. */
  readonly faults: readonly Finding[];
  /** Nothing wrong, and worth knowing. */
  readonly notes: readonly Finding[];
}

const MAX_FINDINGS = 200;

/** Collects findings, up to a number: a file of rubbish must not become a report of the same size. */
export class Findings {
  readonly #found: Finding[] = [];
  #more = 0;

  add(code: string, detail: string, seq?: number): void {
    if (this.#found.length < MAX_FINDINGS) this.#found.push({ code, detail, ...(seq !== undefined && { seq }) });
    else this.#more += 1;
  }

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  list(): readonly Finding[] {
    const more = { code: 'more', detail: `${this.#more} more findings are not listed` };
    return this.#more > 0 ? [...this.#found, more] : [...this.#found];
  }
}
