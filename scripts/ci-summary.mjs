// Counts what a CI run showed: each check is one, each test is one, a test file that could not start is one failure.
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/**
 * @param {object} run
 * @param {{ name: string, passed: boolean }[] | undefined} run.checks   what scripts/check.mjs reported
 * @param {object | undefined} run.tests   what vitest's JSON reporter wrote; undefined when it wrote nothing
 * @param {number} run.testExitCode
 * @returns {{ passed: number, failed: number, ok: boolean }}
 */
export function summarise({ checks, tests, testExitCode }) {
  const files = tests?.testResults ?? [];
  const cases = files.flatMap((file) => file.assertionResults);
  const count = (list, status) => list.filter((entry) => entry.status === status).length;

  const passedTests = count(cases, 'passed');
  // A file with a failed hook or import is `failed` without a failed case of its own.
  const brokenFiles = files.filter((file) => file.status === 'failed' && count(file.assertionResults, 'failed') === 0);
  const failedTests = count(cases, 'failed') + brokenFiles.length;
  // Exit codes have the last word: the run itself may have failed around its tests.
  const testRunFailed = failedTests === 0 && (testExitCode !== 0 || passedTests === 0);

  const failedChecks = checks === undefined ? 1 : checks.filter((check) => !check.passed).length;
  const passed = passedTests + (checks?.length ?? 0) - (checks === undefined ? 0 : failedChecks);
  const failed = failedTests + (testRunFailed ? 1 : 0) + failedChecks;
  return { passed, failed, ok: failed === 0 };
}

const readJson = (file) => {
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
};

// node scripts/ci-summary.mjs <checks.json> <tests.json> <exit code of the tests>
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [checksFile, testsFile, testExitCode] = process.argv.slice(2);
  const { passed, failed, ok } = summarise({
    checks: readJson(checksFile),
    tests: readJson(testsFile),
    testExitCode: Number(testExitCode),
  });
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = ok ? 0 : 1;
}
