import type { Command } from 'commander';
import { loadTrust } from '../audit/trust-file.ts';
import { reportScreen } from '../audit/report-screen.ts';
import { verifyFiles } from '../audit/verify-files.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { jsonText } from '../show/json.ts';

interface Options {
  readonly trust?: string;
  readonly chainOnly?: boolean;
  readonly checkpoints?: string;
  readonly allRuns?: boolean;
  readonly temporal?: string | true;
  readonly json?: boolean;
}

export const addAuditVerify = (audit: Command, { terminal, end }: CliContext): Command =>
  audit
    .command('verify')
    .description('check exports offline: chains, signatures, who consented to what; names the first broken link')
    .argument('<files...>', 'exports of runs, and of the tenant; - is standard input')
    .option('--trust <file>', 'trust anchors (else those of the installation of this checkout)')
    .option('--chain-only', 'check no signatures')
    .option('--checkpoints <file>', 'signed checkpoints: find chains that were cut off or made anew, and missing runs')
    .option('--all-runs', 'a file of every run that checkpoints or the tenant tell of must be there')
    .option('--temporal [address]', "compare with Temporal's history of the runs (TEMPORAL_ADDRESS)")
    .option('--json', 'print the report as JSON')
    .action(async (files: readonly string[], options: Options) => {
      const { chainOnly = false, checkpoints, temporal, allRuns = false } = options;
      if (chainOnly && (options.trust ?? checkpoints ?? temporal) !== undefined) {
        throw new CliError(EXIT.usage, '--chain-only checks no signatures: --trust, --checkpoints and --temporal do.');
      }
      const trust = chainOnly ? undefined : await loadTrust(options.trust);
      const report = await verifyFiles(files, { trust, checkpoints, temporal, allRuns });
      terminal.print(options.json ? jsonText(report) : reportScreen(terminal, report));
      if (!report.ok) end(EXIT.failed);
    });
