import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CommandLine } from '../../../src/domain/evidence/export-lines.ts';
import type { EventOf, RunEvent } from '../../../src/domain/schemas/event.ts';
import { createSigningKeys } from '../../../src/platform/signing-keys.ts';
import { call, digest, edit, person, ref, rule, verdict } from '../../support/core.ts';
import { keys, signedBy, signedRun, verifyLines } from './signed-run.ts';
import type { SignedRun } from './signed-run.ts';

const ASK = verdict('ask', { allowedDecisions: ['approve', 'reject', 'edit', 'respond'] });
const TWO = verdict('ask', { approverRules: [rule({ approvals: 2, notRequester: true })] });

/** One call that two people approved, one that a rule allows, one that somebody answered. */
const story = (): SignedRun => {
  const run = signedRun();
  run.asks(call(1, 0, TWO), call(1, 1, verdict('allow')), call(1, 2, ASK));
  run.dispatches('call_1_1');
  run.settles('call_1_1');
  run.decides('call_1_0', 'approve', { actor: person('anna') });
  run.decides('call_1_0', 'approve', { actor: person('ben') });
  run.dispatches('call_1_0');
  run.settles('call_1_0');
  run.decides('call_1_2', 'respond', { response: true });
  run.finishes();
  return run;
};

const codesOf = (report: { readonly faults: readonly { readonly code: string }[] }): string[] =>
  report.faults.map(({ code }) => code);

const changed =
  <T extends RunEvent['type']>(type: T, change: (data: EventOf<T>['data']) => object) =>
  (events: readonly RunEvent[]): RunEvent[] =>
    events.map((event) => {
      if (event.type !== type) return event;
      const data = event.data as EventOf<T>['data'];
      return { ...event, data: { ...event.data, ...change(data) } } as RunEvent;
    });

const without =
  (drop: (event: RunEvent) => boolean) =>
  (events: readonly RunEvent[]): RunEvent[] =>
    events.filter((event) => !drop(event));

test('a whole export holds, and says what is in it', () => {
  const report = story().verify();
  expect(report).toMatchObject({
    ok: true,
    faults: [],
    notes: [],
    signaturesChecked: true,
    counts: { commands: 4, decisions: 3, dispatches: { consent: 1, rule: 1 } },
  });
});

test('edits, extensions, blocks, resolutions and cancels are signed as well', () => {
  const run = signedRun();
  run.asks(call(1, 0, ASK), call(1, 1, verdict('allow')));
  run.extends('call_1_0', run.now + 90_000_000);
  run.decides('call_1_0', 'edit', { edited: edit('other', ASK) });
  run.dispatches('call_1_0');
  run.settles('call_1_0');
  run.dispatches('call_1_1');
  run.settles('call_1_1', { type: 'outcome_unknown', epoch: 1 });
  run.resolves('call_1_1', 'retry');
  run.dispatches('call_1_1');
  run.settles('call_1_1', { type: 'outcome_unknown', epoch: 2 });
  run.resolves('call_1_1', 'mark_done');
  run.blocks();
  run.unblocks();
  run.finishes();
  expect(run.types()).toContain('run.unblocked');
  expect(run.verify()).toMatchObject({ ok: true, faults: [], counts: { dispatches: { consent: 1, rule: 2 } } });
});

describe('the file', () => {
  const file = story().export();

  test('a changed byte breaks the link of its event, and that event is named', () => {
    const eventLines = file.flatMap((line, index) => (line.startsWith('{"type":"event"') ? [index] : []));
    fc.assert(
      fc.property(fc.constantFrom(...eventLines), fc.nat(), (index, place) => {
        const lines = [...file];
        const line = JSON.parse(lines[index] ?? '') as { seq: number; body: string };
        const at = place % line.body.length;
        const other = line.body[at] === 'x' ? 'y' : 'x';
        line.body = line.body.slice(0, at) + other + line.body.slice(at + 1);
        lines[index] = JSON.stringify(line);
        expect(verifyLines(lines).faults[0]).toMatchObject({ code: 'broken_link', seq: line.seq });
      }),
      { numRuns: 200 },
    );
  });

  test.each<[string, (lines: readonly string[]) => readonly string[], string]>([
    ['an event is missing', (lines) => lines.toSpliced(3, 1), 'broken_link'],
    ['two events change places', (lines) => lines.with(3, lines[4] ?? '').with(4, lines[3] ?? ''), 'broken_link'],
    ['it ends early', (lines) => lines.slice(0, 6), 'no_end'],
    [
      'the last event is missing',
      (lines) =>
        lines.toSpliced(
          lines.findLastIndex((line) => line.includes('"event"')),
          1,
        ),
      'wrong_count',
    ],
    ['a command is missing', (lines) => lines.toSpliced(-2, 1), 'wrong_count'],
    ['a line is no JSON', (lines) => lines.with(2, 'hello'), 'malformed_line'],
    ['it has no header', (lines) => lines.slice(1), 'no_header'],
    ['it is empty', () => [], 'no_header'],
    ['it is of another run', (lines) => lines.with(0, (lines[0] ?? '').replaceAll('aaaa', 'bbbb')), 'broken_link'],
  ])('%s', (_, change, code) => {
    expect(codesOf(verifyLines(change(file)))).toContain(code);
  });
});

describe('a chain that was made anew around a forgery', () => {
  const forger = createSigningKeys(1_000_000);

  test.each<[string, (events: readonly RunEvent[]) => readonly RunEvent[], string]>([
    ['another approver', changed('approval.decided', () => ({ actor: person('mallory') })), 'actor_mismatch'],
    [
      'other groups of the approver',
      changed('approval.vote_recorded', () => ({ actor: person('anna', ['admins']) })),
      'actor_mismatch',
    ],
    ['another channel', changed('approval.decided', () => ({ channel: 'inbox' })), 'actor_mismatch'],
    [
      'another decision',
      changed('approval.decided', () => ({ decision: 'reject', status: 'rejected' })),
      'command_mismatch',
    ],
    ['another reason', changed('approval.decided', () => ({ reasonRef: ref('forged') })), 'command_mismatch'],
    ['another answer', changed('approval.decided', () => ({ responseRef: ref('forged') })), 'command_mismatch'],
    [
      'other bytes of the command',
      changed('approval.decided', () => ({ commandDigest: digest('forged') })),
      'command_digest_mismatch',
    ],
    [
      'a signature that is nowhere',
      changed('approval.decided', () => ({ signatureId: 'jti-forged' })),
      'missing_command',
    ],
    [
      'one signature for two votes',
      changed('approval.decided', () => ({ signatureId: 'jti-decision-1' })),
      'signature_reused',
    ],
    [
      'another digest asked for',
      changed('approval.requested', ({ approval }) => ({ approval: { ...approval, digest: digest('forged') } })),
      'digest_not_requested',
    ],
    [
      'a deadline before the decision',
      changed('approval.requested', ({ approval }) => ({ approval: { ...approval, decideBy: 1 } })),
      'decided_late',
    ],
    ['another call dispatched', changed('tool.started', () => ({ digest: digest('forged') })), 'other_digest'],
    [
      'another requester',
      changed('run.started', () => ({ requester: { principal: 'mallory', groups: [] } })),
      'command_mismatch',
    ],
    ['another policy', changed('run.started', () => ({ policyDigest: digest('forged') })), 'command_mismatch'],
    ['an event left out', without(({ type }) => type === 'turn.started'), 'ordinal_gap'],
    ['a vote left out', without(({ type }) => type === 'approval.vote_recorded'), 'no_consent'],
    ['the decision left out', without(({ type }) => type === 'approval.decided'), 'started_without_consent'],
    ['a dispatch left out', without(({ type }) => type === 'tool.started'), 'never_started'],
    ['a result that nobody gave', changed('tool.completed', () => ({ suppliedBy: 'person' })), 'unsigned_answer'],
    ['an ask made a rule', changed('tool.started', () => ({ basis: 'rule' })), 'not_allowed'],
    ['a grant that is none', changed('tool.started', () => ({ basis: 'grant' })), 'not_allowed'],
    ['an expiry that allowed nothing', changed('tool.started', () => ({ basis: 'expiry' })), 'not_allowed'],
  ])('%s', (_, events, code) => {
    expect(codesOf(story().verify({ events }))).toContain(code);
  });

  test('a dispatch after a rejection', () => {
    const run = signedRun();
    run.asks(call(1, 0, ASK));
    run.decides('call_1_0', 'reject');
    const started: RunEvent = {
      type: 'tool.started',
      at: run.now,
      data: {
        toolCallId: 'call_1_0',
        tool: 'write_file',
        basis: 'consent',
        effectKey: `tool-approval:${run.state.identity.runId}:call_1_0.1`,
        digest: digest('1-0'),
      },
    };
    expect(codesOf(run.verify({ events: (events) => [...events, started] }))).toEqual(['started_without_consent']);
  });

  test('a call that ran twice on one consent', () => {
    const twice = (events: readonly RunEvent[]): RunEvent[] =>
      events.flatMap((event): RunEvent[] => (event.type === 'tool.started' ? [event, event] : [event]));
    expect(codesOf(story().verify({ events: twice }))).toContain('started_twice');
  });

  test('the decision of a stranger with a key of their own', async () => {
    const strangers = await forger;
    const commands = (lines: readonly CommandLine[]): readonly CommandLine[] =>
      lines.map((line) => {
        const { bytes, signatureId } = line;
        return signatureId.startsWith('jti-decision')
          ? signedBy(strangers, JSON.parse(bytes), { signatureId }).line
          : line;
      });
    const report = story().verify({ commands });
    expect(codesOf(report)).toEqual(
      expect.arrayContaining(['bad_signature', 'missing_command', 'started_without_consent']),
    );
  });

  test('a command whose bytes were changed after it was signed', () => {
    const commands = (lines: readonly CommandLine[]): readonly CommandLine[] =>
      lines.map((line) => ({ ...line, bytes: line.bytes.replace('"respond"', '"approve"') }));
    expect(codesOf(story().verify({ commands }))).toContain('altered_command');
  });

  test('one person who votes twice, and the requester where others must agree', () => {
    const byOne = (principal: string) => {
      const run = signedRun();
      run.asks(call(1, 0, TWO));
      run.decides('call_1_0', 'approve', { actor: person('anna') });
      run.decides('call_1_0', 'approve', { actor: person('ben') });
      run.dispatches('call_1_0');
      const events = changed('approval.decided', () => ({ actor: person(principal) }));
      const commands = (lines: readonly CommandLine[]): readonly CommandLine[] =>
        lines.map((line) => {
          if (line.signatureId !== 'jti-decision-2') return line;
          const { signatureId, bytes } = line;
          return signedBy(keys, JSON.parse(bytes), { actor: person(principal), signatureId }).line;
        });
      return codesOf(run.verify({ events, commands }));
    };
    expect(byOne('ben')).toEqual([]);
    expect(byOne('anna')).toEqual(['no_consent', 'started_without_consent']);
    expect(byOne('rita')).toEqual(['no_consent', 'started_without_consent']);
  });
});

test('a consent that the gate found invalid is told, and accuses nobody', () => {
  const run = signedRun();
  run.asks(call(1, 0, ASK));
  run.decides('call_1_0', 'approve');
  run.dispatches('call_1_0');
  run.settles('call_1_0', { type: 'refused', code: 'digest_mismatch', message: 'no', then: 'void_consent' });
  run.decides('call_1_0', 'approve', { actor: person('ben') });
  run.dispatches('call_1_0');
  run.settles('call_1_0');
  expect(run.verify()).toMatchObject({ ok: true, faults: [] });
});

test('a command that the run never answered is noted', () => {
  const run = story();
  const extra = { type: 'cancel', runId: run.state.identity.runId, commandId: 'command-9' } as const;
  const { line } = signedBy(keys, extra, { signatureId: 'jti-9' });
  const report = run.verify({ commands: (lines) => [...lines, line] });
  expect(report).toMatchObject({ ok: true, notes: [{ code: 'unanswered_command' }] });
});

test('a run that ended twice is noted', () => {
  const twice = (events: readonly RunEvent[]): RunEvent[] =>
    events.flatMap((event): RunEvent[] => (event.type === 'run.completed' ? [event, { ...event }] : [event]));
  expect(story().verify({ events: twice }).notes).toMatchObject([{ code: 'ended_twice' }]);
});
