/**
 * Verifies an audit export line by line: pure, so that an auditor's machine needs nothing of the system but this. What
 * holds after it: the chain is whole and in order; whatever people are said to have commanded is signed by them, word
 * for word; and each call that was dispatched stood on what it says it stood on.
 */
import { z } from 'zod';
import type { Trust } from '../core/attestation.ts';
import { endedBy } from '../core/run-status.ts';
import { WORKFLOW_AGAIN_ORIGIN, WORKFLOW_ORIGIN } from '../core/ids.ts';
import { StoredEvent } from '../schemas/event.ts';
import { auditGenesisHash, genesisHash, linkFault } from './chain.ts';
import type { ChainHead } from './chain.ts';
import { ConsentTrail, consentFault } from './consent-trail.ts';
import { DispatchTrail } from './dispatch-trail.ts';
import { parseExportLine } from './export-lines.ts';
import type { CommandLine, EndLine, EventLine, ExportHeader, RunHeader } from './export-lines.ts';
import { Findings } from './report.ts';
import type { AuditReport } from './report.ts';
import { SubRunTrail } from './sub-run-trail.ts';
import { SignedEvents, requesterOf, runEventOf, startersOf } from './signed-events.ts';
import { checkCommands } from './signed-commands.ts';
import type { CheckedCommand } from './signed-commands.ts';

const Body = StoredEvent.omit({ seq: true }).extend({ v: z.literal(1), rootRunId: z.string() });
type Body = z.infer<typeof Body>;

export interface ExportVerifierOptions {
  /** Without it, chain and digests are checked and no signature is. */
  readonly trust?: Trust | undefined;
  /** Hears each event whose link holds. */
  readonly onEvent?: (event: VerifiedEvent) => void;
}

/** An event as other checks want it. `event` is undefined in a tenant's chain. */
export interface VerifiedEvent {
  readonly header: ExportHeader;
  readonly head: ChainHead;
  readonly body: string;
  readonly event: StoredEvent | undefined;
}

export interface VerifiedExport {
  readonly report: AuditReport;
  readonly commands: ReadonlyMap<string, CheckedCommand>;
}

export class ExportVerifier {
  readonly #faults = new Findings();
  readonly #notes = new Findings();
  readonly #commandLines: CommandLine[] = [];
  readonly #ordinals = new Map<string, number>();
  readonly #requesters = new Map<string, string>();
  readonly #starters = new Map<string, readonly string[]>();
  readonly #ended = new Set<string>();
  readonly #signed = new SignedEvents();
  readonly #consents = new ConsentTrail(this.#faults);
  readonly #dispatches = new DispatchTrail(this.#consents, this.#faults);
  readonly #subRuns = new SubRunTrail(this.#faults);
  readonly #options: ExportVerifierOptions;
  #header: ExportHeader | undefined;
  #head: ChainHead | undefined;
  #isBroken = false;
  #events = 0;
  #end: EndLine | undefined;
  #lineNumber = 0;

  constructor(options: ExportVerifierOptions = {}) {
    this.#options = options;
  }

  /** One line of the file, without its end. */
  line(text: string): void {
    this.#lineNumber += 1;
    const line = parseExportLine(text);
    if (!line) return this.#faults.add('malformed_line', `line ${this.#lineNumber} is not a line of an export`);
    if (line.type === 'header') return this.#begin(line);
    if (!this.#header) return this.#faults.add('no_header', 'the file does not begin with a header');
    if (this.#end) return this.#faults.add('after_end', `line ${this.#lineNumber} comes after the end`);
    switch (line.type) {
      case 'event':
        return this.#event(line, this.#header);
      case 'command':
        this.#commandLines.push(line);
        return;
      case 'end':
        this.#end = line;
    }
  }

  #begin(header: ExportHeader): void {
    if (this.#header) return this.#faults.add('second_header', `line ${this.#lineNumber} is a second header`);
    this.#header = header;
    const hash = header.kind === 'run' ? genesisHash(header.rootRunId) : auditGenesisHash(header.tenant);
    this.#head = { seq: 0, hash };
  }

  #event(line: EventLine, header: ExportHeader): void {
    this.#events += 1;
    if (this.#head && !this.#isBroken) {
      const problem = linkFault(this.#head, line, new TextEncoder().encode(line.body));
      // Only the first broken link says anything: whatever comes after hangs on it.
      this.#isBroken = problem !== undefined;
      if (problem !== undefined) this.#faults.add('broken_link', `event ${line.seq}: ${problem}`, line.seq);
      else this.#head = { seq: line.seq, hash: line.hash };
    }
    const event = header.kind === 'run' ? this.#runEvent(line, header) : undefined;
    if (!this.#isBroken && this.#head) this.#options.onEvent?.({ header, head: this.#head, body: line.body, event });
  }

  #runEvent({ seq, body }: EventLine, header: RunHeader): StoredEvent | undefined {
    const parsed = bodyOf(body);
    if (!parsed || parsed.rootRunId !== header.rootRunId) {
      this.#faults.add('not_an_event', `event ${seq} is no event of this run`, seq);
      return undefined;
    }
    const { runId, origin, ordinal, type, at, data } = parsed;
    this.#count(seq, parsed);
    const event = runEventOf(parsed);
    if (!event) {
      this.#notes.add('unknown_event', `event ${seq} is a ${type}, which this version does not know`, seq);
    } else {
      if (endedBy(event.type) !== undefined && this.#ended.size === this.#ended.add(runId).size)
        this.#notes.add('ended_twice', `event ${seq}: ${runId} had ended already`, seq);
      const requester = requesterOf(event);
      if (requester !== undefined) {
        this.#requesters.set(runId, requester);
        this.#starters.set(runId, startersOf(event));
      }
      this.#signed.follow(seq, runId, event, (id) => this.#consents.approval(id));
      this.#consents.follow(seq, event);
      this.#dispatches.follow(seq, runId, event);
      this.#subRuns.follow(seq, header.rootRunId, runId, event);
    }
    return { seq, runId, origin, ordinal, type, at, data };
  }

  /** The workflow numbers its own events without gaps: a chain that was made anew around a removed one shows it. */
  #count(seq: number, { runId, origin, ordinal }: Body): void {
    const key = `${runId} ${origin}`;
    const before = this.#ordinals.get(key) ?? 0;
    this.#ordinals.set(key, ordinal);
    // A lost task has used up numbers: what follows them need not be complete.
    const isWhole = origin === WORKFLOW_ORIGIN && !this.#ordinals.has(`${runId} ${WORKFLOW_AGAIN_ORIGIN}`);
    const isInOrder = isWhole ? ordinal === before + 1 : ordinal > before;
    if (isInOrder) return;
    this.#faults.add('ordinal_gap', `event ${seq} is number ${ordinal} of ${origin}, after number ${before}`, seq);
  }

  /** The file is over. */
  finish(): VerifiedExport {
    const header = this.#header;
    if (!header && this.#lineNumber === 0) this.#faults.add('no_header', 'the file is empty');
    this.#checkEnd();
    const { trust } = this.#options;
    const isRun = header?.kind === 'run';
    const commands = isRun ? checkCommands(header, this.#commandLines, trust, this.#faults) : new Map();
    if (isRun) this.#checkSignatures(commands);
    if (!trust) this.#notes.add('signatures_not_checked', 'nobody said which keys to trust: no signature was checked');
    const report: AuditReport = {
      ok: this.#faults.isEmpty,
      header,
      head: this.#head,
      signaturesChecked: trust !== undefined,
      counts: {
        events: this.#events,
        commands: this.#commandLines.length,
        decisions: this.#signed.decisions,
        dispatches: this.#dispatches.dispatches,
      },
      faults: this.#faults.list(),
      notes: this.#notes.list(),
    };
    return { report, commands };
  }

  #checkEnd(): void {
    const header = this.#header;
    if (!header) return;
    const { seq, hash } = header.head;
    const end = this.#end;
    if (!end) this.#faults.add('no_end', 'the file was cut off: it has no last line');
    else if (end.events !== this.#events || end.commands !== this.#commandLines.length) {
      const found = `${this.#events} events and ${this.#commandLines.length} commands`;
      this.#faults.add('wrong_count', `its end speaks of ${end.events} and ${end.commands}, there are ${found}`);
    }
    if (this.#isBroken || !this.#head) return;
    if (this.#head.seq !== seq) this.#faults.add('wrong_head', `it ends with event ${this.#head.seq}, not ${seq}`);
    else if (this.#head.hash !== hash)
      this.#faults.add('wrong_head', `event ${seq} is not the one its header names`, seq);
  }

  #checkSignatures(commands: ReadonlyMap<string, CheckedCommand>): void {
    const holding = this.#signed.check(commands, this.#faults);
    const faultOf = new Map(
      this.#consents.consents.map((consent) => {
        const { runId, contributors = [] } = consent.approval;
        const requester = this.#requesters.get(runId) ?? '';
        // Whatever the request says of itself: they stood behind the run from its start.
        const approval = {
          ...consent.approval,
          contributors: [...contributors, ...(this.#starters.get(runId) ?? [])],
        };
        return [
          consent,
          consentFault({ ...consent, approval }, requester, ({ signatureId }) => holding.has(signatureId)),
        ] as const;
      }),
    );
    for (const [consent, fault] of faultOf) {
      const { approvalId, revision } = consent.approval;
      if (fault === undefined) continue;
      const said = `${approvalId} revision ${revision}: ${fault}`;
      // The gate found it out as well: nothing ran on it.
      if (consent.isVoid) this.#notes.add('voided_consent', said, consent.seq);
      else this.#faults.add('no_consent', said, consent.seq);
    }
    for (const { seq, toolCallId, consent } of this.#dispatches.consented) {
      if (faultOf.get(consent) === undefined || consent.isVoid) continue;
      this.#faults.add('started_without_consent', `${toolCallId}: the consent it was dispatched on does not hold`, seq);
    }
    for (const { command, line } of this.#signed.unanswered(commands)) {
      this.#notes.add(
        'unanswered_command',
        `${command.type} ${line.signatureId} was signed, and the run never answered it`,
      );
    }
  }
}

const bodyOf = (text: string): Body | undefined => {
  try {
    return Body.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};
