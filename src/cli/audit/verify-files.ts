/** Holds files of evidence against themselves, against checkpoints and against Temporal. */
import type { Trust } from '../../domain/core/attestation.ts';
import { workflowId } from '../../domain/core/ids.ts';
import { readCheckpoint } from '../../domain/evidence/checkpoint.ts';
import { compareHistory } from '../../domain/evidence/compare-history.ts';
import type { ComparedCounts } from '../../domain/evidence/compare-history.ts';
import { parseExportLine } from '../../domain/evidence/export-lines.ts';
import { Marks } from '../../domain/evidence/marks.ts';
import type { ChainAgainstMarks } from '../../domain/evidence/marks.ts';
import { Findings } from '../../domain/evidence/report.ts';
import type { AuditReport } from '../../domain/evidence/report.ts';
import { ExportVerifier } from '../../domain/evidence/verify-export.ts';
import type { VerifiedExport } from '../../domain/evidence/verify-export.ts';
import type { StoredEvent } from '../../domain/schemas/event.ts';
import { STANDARD_INPUT, linesOf } from './evidence-file.ts';
import { temporalHistory } from './temporal-history.ts';

export interface VerifyOptions {
  /** Undefined: the chain alone. */
  readonly trust: Trust | undefined;
  readonly checkpoints?: string | undefined;
  /** A file of every run that is known of is wanted. */
  readonly allRuns: boolean;
  /** `true`: the address is in the environment. */
  readonly temporal?: string | true | undefined;
}

export interface FileReport extends AuditReport {
  readonly file: string;
  readonly temporal?: ComparedCounts;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly files: readonly FileReport[];
  readonly checkpoints: number;
  /** Of no file in particular: checkpoints that do not hold, runs that are missing. */
  readonly faults: AuditReport['faults'];
  readonly notes: AuditReport['notes'];
}

/** Tenants' logs first: runs are held against them. */
const inOrder = async (files: readonly string[]): Promise<readonly string[]> => {
  const kinds = await Promise.all(
    files.map(async (file) => {
      if (file === STANDARD_INPUT) return 'run';
      for await (const line of linesOf(file)) {
        const header = parseExportLine(line);
        return header?.type === 'header' ? header.kind : 'run';
      }
      return 'run';
    }),
  );
  const of = (kind: string) => files.filter((_, index) => kinds[index] === kind);
  return [...of('tenant'), ...of('run')];
};

export async function verifyFiles(files: readonly string[], options: VerifyOptions): Promise<VerifyReport> {
  const { trust } = options;
  const [faults, notes, marks] = [new Findings(), new Findings(), new Marks()];
  let checkpoints = 0;
  if (options.checkpoints !== undefined && trust) {
    let lineNumber = 0;
    for await (const line of linesOf(options.checkpoints)) {
      lineNumber += 1;
      if (readCheckpoint(line, lineNumber, { trust, marks, faults })) checkpoints += 1;
    }
    if (lineNumber === 0) faults.add('no_checkpoints', 'the file of checkpoints is empty');
  }
  const reports: FileReport[] = [];
  for (const file of await inOrder(files)) reports.push(await verifyFile(file, marks, options));
  for (const { tenant, rootRunId } of marks.missingRuns(options.allRuns)) {
    const lacks = options.allRuns ? 'no file of it was given' : `the log of ${tenant} does not tell of it`;
    faults.add('missing_run', `${rootRunId} of ${tenant} is known, and ${lacks}`);
  }
  if (!options.allRuns && marks.unseenRuns > 0)
    notes.add('other_runs', `${marks.unseenRuns} more runs are known, of which no file was given (see --all-runs)`);
  const ok = faults.isEmpty && reports.every((report) => report.ok);
  return { ok, files: reports, checkpoints, faults: faults.list(), notes: notes.list() };
}

async function verifyFile(file: string, marks: Marks, options: VerifyOptions): Promise<FileReport> {
  const { trust, temporal } = options;
  const [faults, notes] = [new Findings(), new Findings()];
  const events: StoredEvent[] = [];
  let against: ChainAgainstMarks | undefined;
  const verifier = new ExportVerifier({
    trust,
    onEvent({ header, head, body, event }) {
      against ??= marks.chain(header);
      against.event(head.seq, head.hash, event?.at ?? 0);
      if (header.kind === 'tenant') marks.logged(header, body, faults);
      if (event && temporal !== undefined) events.push(event);
    },
  });
  for await (const line of linesOf(file)) verifier.line(line);
  const verified = verifier.finish();
  const { report } = verified;
  // A chain that breaks ends there: that is said already.
  const isWhole = report.faults.every(({ code }) => code !== 'broken_link');
  if (report.header && isWhole) (against ?? marks.chain(report.header)).finish(faults, notes);
  const compared = temporal === undefined ? undefined : await compare(verified, events, { options, faults, notes });
  return {
    file,
    ...report,
    ok: report.ok && faults.isEmpty,
    faults: [...report.faults, ...faults.list()],
    notes: [...report.notes, ...notes.list()],
    ...(compared && { temporal: compared }),
  };
}

interface Comparison {
  readonly options: VerifyOptions;
  readonly faults: Findings;
  readonly notes: Findings;
}

/** Each run of the file has a workflow of its own. */
async function compare(
  { report: { header }, commands }: VerifiedExport,
  events: readonly StoredEvent[],
  { options: { trust, temporal }, faults, notes }: Comparison,
): Promise<ComparedCounts | undefined> {
  if (header?.kind !== 'run' || !trust) return undefined;
  const total = { executions: 0, signals: 0, toolActivities: 0 };
  const address = temporal === true ? undefined : temporal;
  for (const runId of new Set([header.rootRunId, ...events.map((event) => event.runId)])) {
    const { tenant, project } = header;
    const history = await temporalHistory(workflowId({ tenant, project, runId }), address);
    const counts = compareHistory({ header, runId, events, commands, trust }, history, { faults, notes });
    total.executions += counts.executions;
    total.signals += counts.signals;
    total.toolActivities += counts.toolActivities;
  }
  return total;
}
