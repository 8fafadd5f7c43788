// Runs the project's import rules on a small tree in which each rule is broken once, beside lawful files.
import { fileURLToPath } from 'node:url';
import { cruise, format } from 'dependency-cruiser';
import type { ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';
import { beforeAll, describe, expect, test } from 'vitest';

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
const configuration = await extractDepcruiseConfig(
  fileURLToPath(new URL('../../.dependency-cruiser.mjs', import.meta.url)),
);
const rules = configuration.forbidden ?? [];

/** Each file of the tree that breaks a rule, and the words that tell its author what to do. */
const breaches = [
  ['domain-is-pure', 'src/domain/reads-files.ts', 'do the I/O in an activity'],
  ['domain-core-has-no-libraries', 'src/domain/core/parses.ts', 'hand the core plain data'],
  ['domain-core-types', 'src/domain/core/foreign-type.ts', 'move the type there'],
  ['workflows-are-deterministic', 'src/workflows/agent-run.ts', 'Do this in an activity'],
  ['contract-is-browser-safe', 'src/contract/row.ts', 'map from rows and messages in src/api/views'],
  ['client-speaks-http', 'src/client/calls-the-api.ts', 'add what is missing to src/contract'],
  ['cli-speaks-http', 'src/cli/asks-the-store.ts', 'call src/client'],
  ['api-uses-gateway-and-store', 'src/api/signals.ts', 'Put the Temporal call behind RunGateway'],
  ['api-uses-gateway-and-store', 'src/api/dials-temporal.ts', 'Put the Temporal call behind RunGateway'],
  ['temporal-client-has-one-user', 'src/api/dials-temporal.ts', 'add a method to RunGateway'],
  ['gateway-is-the-temporal-client', 'src/gateway/runs-a-workflow.ts', 'it takes messages.ts, and types'],
  ['gateway-takes-only-workflow-types', 'src/gateway/writes-rows.ts', 'belongs in src/domain'],
  ['store-is-postgresql', 'src/store/starts-runs.ts', 'hand the store the outcome'],
  ['adapters-are-ports', 'src/adapters/heartbeats.ts', 'Temporal stays in src/activities'],
  ['activities-join-adapters-and-store', 'src/activities/starts-runs.ts', 'src/domain/schemas/step.ts'],
  ['classic-drives-without-temporal', 'src/classic/asks-temporal.ts', 'behind src/workflows/step-port.ts'],
  ['loop-has-two-drivers', 'src/workflows/steps.ts', 'behind the port'],
  ['worker-serves-no-http', 'src/worker/serves-http.ts', 'HTTP belongs to src/api'],
  ['worker-loads-workflows-by-path', 'src/worker/loads-workflows.ts', 'give the worker its path'],
  ['platform-knows-no-product', 'src/platform/knows-rows.ts', 'hand it what it needs'],
  ['processes-are-not-the-cli', 'src/processes/all-in-one.ts', 'the CLI starts it'],
  ['composition-roots-are-not-libraries', 'src/worker/joins.ts', 'Move the code to the part it belongs to'],
  ['test-kit-stays-out-of-the-product', 'src/store/scripted.ts', 'through the model port'],
  ['examples-use-public-parts', 'examples/greeter/agent.ts', 'it may use src/adapters'],
  ['examples-are-loaded-at-the-root', 'src/store/loads-an-example.ts', 'Only composition roots'],
  ['product-does-not-import-tests', 'src/worker/uses-a-test.ts', 'belong in src/testing'],
  ['no-circular', 'src/worker/even.ts', 'move the shared part into a file of its own'],
  ['no-orphans', 'src/worker/forgotten.ts', 'use it, or delete it'],
  ['no-unresolvable', 'src/worker/leads-nowhere.ts', 'is the `.ts` suffix missing'],
  ['no-undeclared-packages', 'src/worker/undeclared.ts', 'add it to package.json'],
  ['no-dev-packages-in-product', 'src/worker/uses-a-dev-package.ts', 'or the code to src/testing'],
] as const;

/** Those that break a narrower and a wider rule, and the other half of the circle. */
const reportedToo = [
  'store-is-postgresql src/store/scripted.ts',
  'store-is-postgresql src/store/loads-an-example.ts',
  'domain-core-types src/domain/core/parses.ts',
  'domain-is-pure src/domain/core/foreign-type.ts',
  'worker-serves-no-http src/worker/joins.ts',
  'no-circular src/worker/odd.ts',
];

describe('import rules', () => {
  let reported: readonly string[] = [];
  let report = '';

  beforeAll(async () => {
    const { output } = await cruise(['src', 'examples', 'test'], {
      ...configuration.options,
      baseDir: fixtures,
      validate: true,
      ruleSet: configuration,
    });
    const result = output as ICruiseResult;
    reported = result.summary.violations.map(({ rule, from }) => `${rule.name} ${from}`);
    const { output: text } = await format(result, { outputType: 'err-long' });
    report = (text as string).replaceAll(/\s+/g, ' ');
  });

  test.each(breaches)('%s is reported for %s, and says what to do instead', (rule, file, advice) => {
    expect(reported).toContain(`${rule} ${file}`);
    const entries = report.split(' error ').filter((entry) => entry.startsWith(`${rule}: ${file} `));
    expect(entries).not.toEqual([]);
    for (const entry of entries) expect(entry).toContain(advice);
  });

  test('lawful imports, type-only imports among them, are not reported', () => {
    const expected = new Set<string>([...breaches.map(([rule, file]) => `${rule} ${file}`), ...reportedToo]);
    expect(reported.filter((violation) => !expected.has(violation))).toEqual([]);
  });

  test('every rule has a breach in this table', () => {
    expect(new Set(breaches.map(([rule]) => rule))).toEqual(new Set(rules.map(({ name }) => name)));
  });
});
