import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileSink } from '../../src/adapters/sinks/file-sink.ts';
import { auditGenesisHash, chainHash } from '../../src/domain/evidence/chain.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLogger } from '../../src/platform/logger.ts';
import { startCheckpointer } from '../../src/processes/checkpointer.ts';
import { createCheckpointSigner } from '../../src/processes/sign-checkpoint.ts';
import { reportScreen } from '../../src/cli/audit/report-screen.ts';
import { verifyFiles } from '../../src/cli/audit/verify-files.ts';
import type { VerifyOptions } from '../../src/cli/audit/verify-files.ts';
import { processTerminal } from '../../src/cli/terminal.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { trustedKeys } from '../../src/platform/signing-keys.ts';
import { verifySignature } from '../../src/platform/verify-signature.ts';
import type { Person, World } from '../../src/testing/index.ts';
import { refundOrder } from '../support/agents/refund-order.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testWorld } from '../support/world.ts';
import { cliWith } from './run-cli.ts';
import type { Cli } from './run-cli.ts';

let world: World;
let anna: Person;
let cli: Cli;
let directory: string;
beforeAll(async () => {
  world = await testWorld({ agents: [refundOrder()] });
  anna = await world.person('anna');
  directory = temporaryDirectory();
  cli = cliWith({
    COUNTERSIGN_URL: world.url,
    COUNTERSIGN_API_KEY: anna.key,
    COUNTERSIGN_STATE_DIRECTORY: temporaryDirectory(),
    TEMPORAL_ADDRESS: world.temporalAddress,
  });
  await cli('audit', 'trust', '--out', trust());
});
afterAll(() => world[Symbol.asyncDispose]());

const trust = () => join(directory, 'trust.json');
const fileOf = (name: string) => join(directory, name);

/** A run that somebody approved, to its end. */
const approvedRun = async (): Promise<string> => {
  const run = await anna.startRun({});
  await run.decide(await run.pending(), 'approve');
  await run.ends();
  return run.runId;
};

/** What `audit export` writes, without a process for it. */
const exported = async (runId?: string): Promise<string> => {
  const path = runId === undefined ? '/v1/audit' : `/v1/runs/${runId}/audit`;
  const response = await fetch(new URL(path, world.url), { headers: { authorization: `Bearer ${anna.key}` } });
  const file = fileOf(`${runId ?? 'log'}.jsonl`);
  writeFileSync(file, await response.text());
  return file;
};

const verify = (...words: string[]) => cli('audit', 'verify', ...words, '--trust', trust());

/** What `audit verify` does, without a process for it. */
const verified = async (files: readonly string[], options: Partial<VerifyOptions> = {}) => {
  const trusted = { ...trustedKeys(world.keys), verify: verifySignature };
  const report = await verifyFiles(files, { trust: trusted, allRuns: false, ...options });
  const codes = (found: readonly { readonly code: string }[]) => found.map(({ code }) => code);
  const faults = [...report.files.flatMap((file) => file.faults), ...report.faults];
  const notes = [...report.files.flatMap((file) => file.notes), ...report.notes];
  return { ok: report.ok, faults: codes(faults), notes: codes(notes), screen: reportScreen(plainTerminal, report) };
};

const plainTerminal: Terminal = { ...processTerminal(), style: (_, text) => text, columns: 100 };

/** Everything that checkpoints say now. */
const checkpoints = async (name: string): Promise<string> => {
  const checkpointer = startCheckpointer({
    store: world.store,
    sinks: [fileSink(fileOf(name))],
    sign: await createCheckpointSigner(world.keys),
    clock: systemClock,
    logger: createLogger({ level: 'silent', service: 'test' }),
  });
  await checkpointer.stop();
  return fileOf(name);
};

/** The lines of a tenant's log with some events left out, and the chain made to fit. */
const remade = (lines: readonly string[], keep: (body: string) => boolean): string[] => {
  const [header = '', ...rest] = lines;
  const bodies = rest.flatMap((line) => {
    const { type, body } = JSON.parse(line) as { type: string; body: string };
    return type === 'event' && keep(body) ? [body] : [];
  });
  let prevHash = auditGenesisHash('acme');
  const events = bodies.map((body, index) => {
    const hash = chainHash(prevHash, index + 1, Buffer.from(body));
    const line = JSON.stringify({ type: 'event', seq: index + 1, prevHash, hash, body });
    prevHash = hash;
    return line;
  });
  const head = { seq: bodies.length, hash: prevHash };
  const end = { type: 'end', events: bodies.length, commands: 0 };
  return [JSON.stringify({ ...JSON.parse(header), head }), ...events, JSON.stringify(end), ''];
};

/** What an administrator of the database could do. */
const inDatabase = (text: string, values: readonly unknown[]) => world.store.pool.query(text, [...values]);

describe('audit export', () => {
  test('writes a file that only its owner reads, and overwrites none', async () => {
    const file = fileOf('once.jsonl');
    const written = await cli('audit', 'export', await approvedRun(), '--out', file);
    expect(written).toMatchObject({ code: 0, out: '' });
    expect(written.err).toContain(`audit verify ${file}`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await cli('audit', 'export', await approvedRun(), '--out', file);
    expect(again).toMatchObject({ code: 2, out: '' });
    expect(again.err).toContain('EEXIST');
  });

  test('prints it where no file is named, in the format that is asked for', async () => {
    const runId = await approvedRun();
    const { out } = await cli('audit', 'export', runId, '--format', 'cloudevents');
    const [first = ''] = out.split('\n');
    expect(JSON.parse(first)).toMatchObject({ specversion: '1.0', type: 'countersign.run.started', subject: runId });
  });

  test('without a run it is the log of the tenant', async () => {
    const { out } = await cli('audit', 'export');
    expect(JSON.parse(out.split('\n')[0] ?? '')).toMatchObject({ kind: 'tenant', tenant: 'acme' });
  });
});

describe('audit verify', () => {
  test('says in words and in its exit code that a file holds', async () => {
    const file = await exported(await approvedRun());
    const { code, out, err } = await verify(file);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^chain +\d+ events, holds up to \d+/m);
    expect(out).toContain('dispatched: 1 by consent');
    expect(out).toMatch(/^verified$/m);
  });

  test('names the first broken link of a file with one byte changed', async () => {
    const file = await exported(await approvedRun());
    const lines = readFileSync(file, 'utf8').split('\n');
    const line = JSON.parse(lines[5] ?? '');
    writeFileSync(
      file,
      lines.with(5, JSON.stringify({ ...line, body: line.body.replace('"at":1', '"at":2') })).join('\n'),
    );
    const { code, out } = await verify(file);
    expect(code).toBe(1);
    expect(out).toMatch(/^broken_link +5 +event 5: content does not match its hash$/m);
    expect(out).toContain('NOT VERIFIED');
  });

  test('finds a decision that somebody with access to the database has changed, chain and all', async () => {
    const runId = await approvedRun();
    await inDatabase("DELETE FROM commands WHERE run_id = $1 AND type = 'decide'", [runId]);
    const { faults } = await verified([await exported(runId)]);
    expect(faults).toEqual(['missing_command', 'no_consent', 'started_without_consent']);
  });

  test('reads several files, and none that is not there; --json is the report', async () => {
    const [one, two] = [await exported(await approvedRun()), await exported(await approvedRun())];
    const answer = await verify(one, two, '--json');
    expect(answer.json()).toMatchObject({
      ok: true,
      files: [
        { file: one, faults: [] },
        { file: two, faults: [] },
      ],
    });
    expect(await verify(fileOf('nothing.jsonl'))).toMatchObject({ code: 2, out: '' });
  });

  test('says how to come by the keys where it knows none; the chain alone needs none', async () => {
    const file = await exported(await approvedRun());
    const without = await cli('audit', 'verify', file);
    expect(without).toMatchObject({ code: 2, out: '' });
    expect(without.err).toContain('--trust');
    const chainOnly = await cli('audit', 'verify', file, '--chain-only');
    expect(chainOnly.code).toBe(0);
    expect(chainOnly.out).toContain('no signature checked');
  });

  test('keys of another installation prove nothing', async () => {
    const known = JSON.parse(readFileSync(trust(), 'utf8'));
    const { ok, screen } = await verified([await exported(await approvedRun())], {
      trust: { ...known, anchors: ['A'.repeat(43)], verify: verifySignature },
    });
    expect(ok).toBe(false);
    expect(screen).toContain('untrusted_key');
  });
});

describe('audit verify --checkpoints', () => {
  test('what was checkpointed is there', async () => {
    const runId = await approvedRun();
    const marks = await checkpoints('fine.jws');
    const { code, out } = await verify(await exported(runId), '--checkpoints', marks);
    expect(code).toBe(0);
    expect(out).toMatch(/^Held against \d+ checkpoints?\.$/m);
  });

  test('a chain that was cut off in the database is found', async () => {
    const runId = await approvedRun();
    const marks = await checkpoints('cut.jws');
    const cut = `DELETE FROM run_events WHERE root_run_id = $1 AND seq > 3`;
    await inDatabase(cut, [runId]);
    await inDatabase(
      `UPDATE streams SET seq = 3, head_hash = (SELECT hash FROM run_events WHERE root_run_id = $1 AND seq = 3)
        WHERE root_run_id = $1`,
      [runId],
    );
    const file = await exported(runId);
    expect(await verified([file])).toMatchObject({ ok: true });
    const { ok, screen } = await verified([file], { checkpoints: marks });
    expect(ok).toBe(false);
    expect(screen).toMatch(/^truncated +3 +it ends with event 3; the checkpoint of \S+ has seen event \d+$/m);
  });

  test("runs that were removed are missing, from the tenant's log or from the files", async () => {
    const [kept, removed] = [await approvedRun(), await approvedRun()];
    const marks = await checkpoints('removed.jws');
    const keptFile = await exported(kept);
    expect(await verified([keptFile], { checkpoints: marks })).toMatchObject({ ok: true, notes: ['other_runs'] });
    const all = await verified([keptFile], { checkpoints: marks, allRuns: true });
    expect(all.ok).toBe(false);
    expect(all.screen).toMatch(new RegExp(`^missing_run +${removed} of acme`, 'm'));
    // Whoever removes a run can make the tenant's log anew without it; checkpoints remember.
    const log = await exported();
    const lines = readFileSync(log, 'utf8').trimEnd().split('\n');
    writeFileSync(log, remade(lines, (body) => !body.includes(removed)).join('\n'));
    const { faults } = await verified([keptFile, log], { checkpoints: marks });
    expect(faults).toEqual(expect.arrayContaining(['missing_run', 'other_history']));
  });

  test('an export that is older than a checkpoint is not called cut off', async () => {
    const run = await anna.startRun({});
    const approval = await run.pending();
    const file = await exported(run.runId);
    await run.decide(approval, 'approve');
    await run.ends();
    const { ok, notes } = await verified([file], { checkpoints: await checkpoints('newer.jws') });
    expect(ok).toBe(true);
    expect(notes).toContain('older_export');
  });

  test('a checkpoint that was changed is none', async () => {
    const file = await exported(await approvedRun());
    const marks = await checkpoints('forged.jws');
    const [header, payload = '', signature] = readFileSync(marks, 'utf8').split('\n')[0]?.split('.') ?? [];
    const said = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...said, runs: [] })).toString('base64url');
    writeFileSync(marks, `${header}.${forged}.${signature}\n`);
    const { ok, screen } = await verified([file], { checkpoints: marks });
    expect(ok).toBe(false);
    expect(screen).toMatch(/^bad_checkpoint +line 1 of the checkpoints: bad_signature$/m);
  });

  test("the tenant's log knows of every run, and how it ended", async () => {
    const runId = await approvedRun();
    const runFile = await exported(runId);
    const log = await exported();
    // The last event is cut off, and the file made to fit.
    const lines = readFileSync(runFile, 'utf8').trimEnd().split('\n');
    const events = lines.filter((line) => line.startsWith('{"type":"event"')).slice(0, -1);
    const last = JSON.parse(events.at(-1) ?? '');
    const header = { ...JSON.parse(lines[0] ?? ''), head: { seq: last.seq, hash: last.hash } };
    const commands = lines.filter((line) => line.startsWith('{"type":"command"'));
    const end = { type: 'end', events: events.length, commands: commands.length };
    const cut = fileOf('cut.jsonl');
    writeFileSync(cut, [JSON.stringify(header), ...events, ...commands, JSON.stringify(end), ''].join('\n'));
    expect(await verified([cut])).toMatchObject({ ok: true });
    const { ok, screen } = await verified([cut, log]);
    expect(ok).toBe(false);
    expect(screen).toMatch(/^truncated .*the log of acme has seen event/m);
  });
});

describe('audit verify --temporal', () => {
  test('what Temporal remembers is what the file says', async () => {
    const file = await exported(await approvedRun());
    const { code, out, err } = await verify(file, '--temporal');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^temporal +1 execution, 1 signal, 1 tool activity compared$/m);
  });

  test('a command and a dispatch that were removed from the database are found', async () => {
    const runId = await approvedRun();
    const file = await exported(runId);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    const kept = lines.filter((line) => !(line.startsWith('{"type":"command"') && line.includes('decide')));
    writeFileSync(file, [...kept.slice(0, -1), ''].join('\n'));
    const { code, out } = await verify(file, '--temporal');
    expect(code).toBe(1);
    expect(out).toMatch(/^command_removed +Temporal received decide /m);
  });

  test('a run that Temporal does not know is no run of its', async () => {
    const file = await exported(await approvedRun());
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('"project":"web"', '"project":"shop"'));
    const { code, out } = await verify(file, '--temporal');
    expect(code).toBe(1);
    expect(out).toMatch(/^no_history /m);
  });

  test('without Temporal it says so', async () => {
    const file = await exported(await approvedRun());
    const { code, err } = await verify(file, '--temporal', '127.0.0.1:9');
    expect(code).toBe(3);
    expect(err).toContain('--temporal <host:port>');
  });
});

test('nothing is written where the run is not known', async () => {
  const file = fileOf('unknown.jsonl');
  const { code, err } = await cli('audit', 'export', `run_${'a'.repeat(26)}`, '--out', file);
  expect(code).toBe(1);
  expect(err).toContain('run_not_found');
  expect(existsSync(file)).toBe(false);
});
