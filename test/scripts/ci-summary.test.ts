import { expect, test } from 'vitest';
import { summarise } from '../../scripts/ci-summary.mjs';

const checks = [
  { name: 'format', passed: true },
  { name: 'lint', passed: true },
];
const file = (status: string, ...cases: string[]) => ({
  status,
  assertionResults: cases.map((it) => ({ status: it })),
});

test.each([
  {
    title: 'checks and tests are counted alike',
    run: { checks, tests: { testResults: [file('passed', 'passed', 'passed')] }, testExitCode: 0 },
    expected: { passed: 4, failed: 0, ok: true },
  },
  {
    title: 'skipped tests count as neither',
    run: { checks, tests: { testResults: [file('passed', 'passed', 'skipped', 'todo')] }, testExitCode: 0 },
    expected: { passed: 3, failed: 0, ok: true },
  },
  {
    title: 'a failed test is one failure, not two for its file',
    run: { checks, tests: { testResults: [file('failed', 'passed', 'failed')] }, testExitCode: 1 },
    expected: { passed: 3, failed: 1, ok: false },
  },
  {
    title: 'a test file that could not start is a failure',
    run: { checks, tests: { testResults: [file('failed'), file('passed', 'passed')] }, testExitCode: 1 },
    expected: { passed: 3, failed: 1, ok: false },
  },
  {
    title: 'a failed check fails the run',
    run: {
      checks: [{ name: 'lint', passed: false }],
      tests: { testResults: [file('passed', 'passed')] },
      testExitCode: 0,
    },
    expected: { passed: 1, failed: 1, ok: false },
  },
  {
    title: 'no tests at all is a failure, whatever the exit code says',
    run: { checks, tests: { testResults: [] }, testExitCode: 0 },
    expected: { passed: 2, failed: 1, ok: false },
  },
  {
    title: 'a test run that broke around its tests is a failure',
    run: { checks, tests: { testResults: [file('passed', 'passed')] }, testExitCode: 1 },
    expected: { passed: 3, failed: 1, ok: false },
  },
  {
    title: 'reports that were never written are failures',
    run: { checks: undefined, tests: undefined, testExitCode: 1 },
    expected: { passed: 0, failed: 2, ok: false },
  },
])('$title', ({ run, expected }) => {
  expect(summarise(run)).toEqual(expected);
});
