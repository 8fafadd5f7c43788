interface TestFileResult {
  readonly status: string;
  readonly assertionResults: readonly { readonly status: string }[];
}

/** Counts checks and tests of a CI run; `ok` only when nothing failed and at least one test ran. */
export function summarise(run: {
  checks: readonly { readonly name: string; readonly passed: boolean }[] | undefined;
  tests: { readonly testResults: readonly TestFileResult[] } | undefined;
  testExitCode: number;
}): { passed: number; failed: number; ok: boolean };
