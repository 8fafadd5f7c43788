// S3.6 Every statement of the store is by tenant. What is not has its reason here; a new one without fails.
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const STORE = fileURLToPath(new URL('../../src/store/', import.meta.url));

/** By file: statements that name no tenant, and why that is right. */
const WITHOUT_TENANT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'approval-changes.ts': {
    approval_place_1: 'asks for the place of the database itself, and gives nothing of any tenant',
    forget_approval_changes_1: 'forgets what is too old for anybody to come back to; reads nothing',
  },
  'credentials.ts': {
    '.from(credentials).where(eq(credentials.id': 'the credential is what says which tenant its bearer belongs to',
    '.update(credentials)': 'by the id of a credential that was found so',
    '.select({ id: credentials.id })': 'asks whether this is a new installation, and gives nothing of any tenant',
  },
  'deltas.ts': {
    read_delta_2: 'the rest of a notification, for subscriptions whose run was found by tenant and project',
    clear_deltas_1: 'forgets text that the completed message has taken the place of; reads nothing',
  },
  'run-rows.ts': {
    get_run_for_gate_1: 'the gate believes the signed start command in the row, not what its caller says',
    any_run_exists_1: 'asks whether this is a new installation, and gives nothing of any tenant',
  },
  'run-lists.ts': { '.where(and(isNull(runs.endedAt)': 'the reconciler serves all tenants; no request reaches it' },
  'driven-runs.ts': {
    read_cancel_requests_1: 'of the runs that the asking process drives itself',
    list_drivers_1: 'the reconciler serves all tenants; no request reaches it',
    '.where(and(eq(runs.drivenBy': 'the reconciler serves all tenants; no request reaches it',
  },
  'sessions.ts': {
    '.from(sessions).where(eq(sessions.id': 'the session is what says which tenant its bearer belongs to',
    '.update(sessions)': 'by the id of a session that was found so',
  },
  'verify-stored-chain.ts': { read_raw_events_1: 'after the head of the same stream was found by tenant and project' },
};

interface Statement {
  readonly file: string;
  readonly text: string;
}

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').replaceAll('( ', '(');
const sources = readdirSync(STORE)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, source: readFileSync(`${STORE}${file}`, 'utf8') }));

/** Named statements, with their names, and chains of the query builder, each with what leads up to it. */
function statements(): Statement[] {
  return sources.flatMap(({ file, source }) => {
    const named = source.matchAll(/name: '(\w+)',\s+text:\s*(`[^`]*`|'[^']*')/g);
    const built = source.matchAll(
      /(?:const conditions[\s\S]{1,800}?|await )store\.database\s*\.(?:select|update|delete)[\s\S]*?;\n/g,
    );
    return [...[...named].map(([all]) => all), ...[...built].map(([all]) => all)]
      .map(oneLine)
      .filter((text) => /\b(from|update|delete|insert)\b|SELECT \w+\(/i.test(text))
      .map((text) => ({ file, text }));
  });
}

const migrations = readdirSync(`${STORE}migrations`)
  .filter((file) => file.endsWith('.sql'))
  .toSorted()
  .map((file) => readFileSync(`${STORE}migrations/${file}`, 'utf8'))
  .join('\n');

/** Functions of the database that take the tenant, by itself or in the row that they store. */
const byTenant = new Set(
  migrations
    .split('CREATE ')
    .filter((text) => /^(OR REPLACE )?FUNCTION/.test(text) && /p_tenant|jsonb_populate_record/.test(text))
    .map((text) => /FUNCTION (\w+)/.exec(text)?.[1]),
);

const isByTenant = ({ text }: Statement): boolean => {
  if (/tenant|inScope\(/i.test(text)) return true;
  const called = /(?:FROM|SELECT) (\w+)\(/.exec(text)?.[1];
  return called !== undefined && byTenant.has(called);
};

const reasonOf = ({ file, text }: Statement): string | undefined =>
  Object.entries(WITHOUT_TENANT[file] ?? {}).find(([sign]) => text.includes(sign))?.[1];

test('S3.6 every statement names the tenant, or its reason not to is known', ({ annotate }) => {
  const all = statements();
  expect(all.length).toBeGreaterThan(40);
  expect(all.filter((one) => !isByTenant(one) && reasonOf(one) === undefined)).toEqual([]);
  return annotate(`${all.length} statements`);
});

test('S3.6 no reason stands for a statement that is gone', () => {
  const all = statements().filter((one) => !isByTenant(one));
  const signs = Object.entries(WITHOUT_TENANT).flatMap(([file, reasons]) =>
    Object.keys(reasons).map((sign) => [file, sign]),
  );
  const unused = signs.filter(([file, sign = '']) => !all.some((one) => one.file === file && one.text.includes(sign)));
  expect(unused).toEqual([]);
});

/** What belongs to the tenant, or is read by a key that holds the run. */
const OF_THE_TENANT = new Set([
  ...['blobs.ts', 'audit-events.ts', 'tenants.ts', 'brakes.ts', 'read-chain.ts', 'touched-streams.ts'],
  ...['effects.ts', 'read-effect.ts', 'slots.ts'],
]);

test('S3.6 every read of what belongs to a project names the project', () => {
  const reads = statements().filter(
    (one) => /SELECT .*FROM (?!\w+\()|from\(/.test(one.text) && isByTenant(one) && reasonOf(one) === undefined,
  );
  expect(reads.length).toBeGreaterThan(15);
  const isByProject = ({ text }: Statement) => /project|inScope\(/i.test(text);
  expect(reads.filter((one) => !OF_THE_TENANT.has(one.file) && !isByProject(one))).toEqual([]);
});
