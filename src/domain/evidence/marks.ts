/** How far chains are known to have come, from checkpoints and from tenants' logs: each chain must fit its marks. */
import { z } from 'zod';
import type { ExportHeader, TenantHeader } from './export-lines.ts';
import type { Findings } from './report.ts';

interface Mark {
  readonly hash: string;
  readonly at: number;
  /** Who says so, for people. */
  readonly by: string;
}

type ChainMarks = Map<number, Mark>;

export interface ChainAgainstMarks {
  /** Each event whose link holds, in order. */
  event(seq: number, hash: string, at: number): void;
  finish(faults: Findings, notes: Findings): void;
}

/** A tenant's log: the runs it tells of, and until when it could. */
interface Log {
  readonly exportedAt: number;
  readonly runs: Set<string>;
}

export class Marks {
  /** By `tenant` and by `tenant/rootRunId`. */
  readonly #chains = new Map<string, ChainMarks>();
  /** Runs of which a file was given. */
  readonly #seen = new Set<string>();
  /** By tenant: only of tenants whose log was given. */
  readonly #logs = new Map<string, Log>();

  ofTenant(tenant: string, seq: number, mark: Mark, faults: Findings): void {
    // An empty log has nothing to fit.
    if (seq > 0) this.#add(tenant, `event ${seq} of ${tenant}`, seq, mark, faults);
  }

  ofRun(tenant: string, rootRunId: string, seq: number, mark: Mark, faults: Findings): void {
    this.#add(nameOf(tenant, rootRunId), `event ${seq} of ${rootRunId}`, seq, mark, faults);
  }

  #add(name: string, what: string, seq: number, mark: Mark, faults: Findings): void {
    const marks = this.#chains.get(name) ?? new Map<number, Mark>();
    this.#chains.set(name, marks);
    const before = marks.get(seq);
    if (!before) marks.set(seq, mark);
    else if (before.hash !== mark.hash)
      faults.add('contradicting_marks', `${before.by} and ${mark.by} have seen another ${what}`);
  }

  /** One event of a tenant's log: it tells of runs' starts, and how they ended. */
  logged({ tenant, exportedAt }: TenantHeader, body: string, faults: Findings): void {
    const { runs } = this.#logs.get(tenant) ?? { runs: new Set<string>() };
    this.#logs.set(tenant, { exportedAt, runs });
    const event = LoggedRun.safeParse(jsonOf(body)).data;
    if (!event) return;
    const { type, at, data } = event;
    if (type === 'run.started') runs.add(data.runId);
    if (type !== 'run.ended' || !data.head) return;
    const mark = { hash: data.head.hash, at, by: `the log of ${tenant}` };
    this.ofRun(tenant, data.runId, data.head.seq, mark, faults);
  }

  chain(header: ExportHeader): ChainAgainstMarks {
    const isRun = header.kind === 'run';
    const name = isRun ? nameOf(header.tenant, header.rootRunId) : header.tenant;
    if (isRun) this.#seen.add(name);
    const others: { readonly seq: number; readonly by: string }[] = [];
    let last = 0;
    let begunAt = Infinity;
    return {
      event: (seq, hash, at) => {
        last = seq;
        begunAt = Math.min(begunAt, at);
        const mark = this.#chains.get(name)?.get(seq);
        if (mark && mark.hash !== hash) others.push({ seq, by: mark.by });
      },
      finish: (faults, notes) => {
        const [other] = others;
        if (other)
          faults.add('other_history', `event ${other.seq} is not the one that ${other.by} has seen`, other.seq);
        const beyond = [...(this.#chains.get(name) ?? [])].filter(([seq]) => seq > last);
        const [missing] = beyond.filter(([, { at }]) => at <= header.exportedAt).toSorted(([one], [two]) => two - one);
        if (missing) {
          faults.add('truncated', `it ends with event ${last}; ${missing[1].by} has seen event ${missing[0]}`, last);
        } else if (beyond.length > 0) {
          notes.add('older_export', `it was exported at ${timeOf(header.exportedAt)}, and has grown since`);
        }
        const log = isRun ? this.#logs.get(header.tenant) : undefined;
        if (isRun && log && begunAt <= log.exportedAt && !log.runs.has(header.rootRunId))
          faults.add('unlogged_run', `the log of ${header.tenant} does not tell of its start`);
      },
    };
  }

  /** How many places the marks name. */
  get count(): number {
    return [...this.#chains.values()].reduce((sum, marks) => sum + marks.size, 0);
  }

  /** Runs that are known of and that no log or file accounts for. `all`: a file of each is wanted. */
  missingRuns(all: boolean): readonly { readonly tenant: string; readonly rootRunId: string }[] {
    const known = new Map<string, number>();
    for (const [name, marks] of this.#chains) {
      if (name.includes('/')) known.set(name, Math.min(...[...marks.values()].map(({ at }) => at)));
    }
    for (const [tenant, { runs }] of this.#logs) for (const run of runs) known.set(nameOf(tenant, run), 0);
    return [...known].flatMap(([name, at]) => {
      const [tenant = '', rootRunId = ''] = name.split('/');
      const log = this.#logs.get(tenant);
      const isMissing = all ? !this.#seen.has(name) : log && at <= log.exportedAt && !log.runs.has(rootRunId);
      return isMissing ? [{ tenant, rootRunId }] : [];
    });
  }

  /** Known runs of which no file was given. */
  get unseenRuns(): number {
    return this.missingRuns(true).length;
  }
}

const nameOf = (tenant: string, rootRunId: string): string => `${tenant}/${rootRunId}`;

export const timeOf = (at: number): string => new Date(at).toISOString();

const LoggedRun = z.object({
  type: z.string(),
  at: z.number(),
  data: z.object({
    runId: z.string(),
    head: z.object({ seq: z.number(), hash: z.string() }).optional(),
  }),
});

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
