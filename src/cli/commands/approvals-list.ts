import { Option } from 'commander';
import type { Command } from 'commander';
import type { Approval, ListApprovalsQuery } from '../../contract/approvals.ts';
import type { Page } from '../../contract/pagination.ts';
import { ApprovalStatus, Risk } from '../../domain/schemas/approval.ts';
import { firstItems } from '../all-pages.ts';
import { countArgument, runIdArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { approvalTable } from '../show/approval.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly status: ApprovalStatus | 'any';
  readonly tool?: string;
  readonly agent?: string;
  readonly risk?: Risk;
  readonly run?: string;
  readonly limit: number;
}

export const addApprovalsList = (approvals: Command, { terminal }: CliContext): Command =>
  withApiOptions(approvals.command('list'))
    .description('list what waits for a decision, nearest deadline first')
    .addOption(
      new Option('--status <status>', 'in this status').choices([...ApprovalStatus.options, 'any']).default('pending'),
    )
    .option('--tool <name>', 'only calls of this tool')
    .option('--agent <name>', 'only of this agent')
    .addOption(new Option('--risk <risk>', 'only of this risk').choices(Risk.options))
    .option('--run <run>', 'only of this run and its sub-runs', runIdArgument)
    .option('--limit <count>', 'how many', countArgument, 20)
    .action(async (options: Options) => {
      const page = await firstItems(options.limit, pagesOf(options));
      if (options.json) return terminal.print(jsonText(page));
      if (page.data.length === 0) {
        return terminal.print(options.status === 'pending' ? 'Nothing waits for a decision.' : 'No approvals.');
      }
      terminal.print(approvalTable(terminal, page.data, Date.now()));
      if (page.nextCursor !== null) terminal.note(`There are more: --limit ${options.limit * 5} shows them.`);
      if (terminal.isTerminal) terminal.note(`\nLook at one: ${COMMAND} approvals show <approval>`);
    });

function pagesOf(options: Options): (query: { limit: number; cursor?: string }) => Promise<Page<Approval>> {
  const client = connect(options);
  const { status, tool, agent, risk, run } = options;
  const ofStatus = status === 'any' ? {} : { status };
  const filters = Object.fromEntries(
    Object.entries({ ...ofStatus, tool, agent, risk }).filter(([, value]) => value !== undefined),
  ) as ListApprovalsQuery;
  if (run === undefined) return (query) => client.approvals.list({ ...filters, ...query });
  return (query) => client.approvals.listOfRun(run, { ...ofStatus, ...query });
}
