import type { Command } from 'commander';
import { runPolicyTest } from '../../domain/policy/policy-test.ts';
import { readPolicyTestFile } from '../../platform/policy-file.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { reading } from '../policy-files.ts';
import { jsonText } from '../show/json.ts';
import { policyFaults, policyTestTable } from '../show/policy-test.ts';

interface Options {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Needs no server: for a policy's own checks, before it is deployed. */
export const addPolicyTest = (policy: Command, { terminal, end }: CliContext): Command =>
  policy
    .command('test')
    .description('run a file of test cases against a policy; needs no server')
    .argument('<file>', 'YAML or JSON: `policy` or `policyFile`, and `cases` (docs/how-to/write-a-policy.md)')
    .option('--quiet', 'show only the cases that fail')
    .option('--json', 'print the results for programs')
    .action(async (file: string, { json, quiet }: Options) => {
      const result = runPolicyTest(await reading(readPolicyTestFile(file)));
      if (!result.ok || result.failed > 0) end(EXIT.failed);
      if (json) return terminal.print(jsonText(result));
      if (!result.ok) return terminal.note(policyFaults(file, result.faults));
      const failed = result.cases.filter(({ differences }) => differences.length > 0);
      const shown = quiet ? failed : result.cases;
      if (shown.length > 0) terminal.print(policyTestTable(terminal, shown));
      const passed = result.cases.length - result.failed;
      terminal.print(`${passed} of ${result.cases.length} cases pass. Policy ${result.digest}`);
    });
