import type { Command } from 'commander';
import type { CountersignClient } from '../../client/index.ts';
import { BATCH_MAX } from '../../contract/decisions.ts';
import type { BatchDecision, BatchItem } from '../../contract/decisions.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import { approvalId, parseApprovalId } from '../../domain/core/ids.ts';
import { readApproval } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { awaitDecision } from '../decide.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { readJsonFile } from '../read-json-file.ts';
import { batchTable } from '../show/batch.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly file: string;
}

export const addApprovalsDecide = (approvals: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(approvals.command('decide'))
    .description('give many decisions at once, each with its own answer; 0 only if none was refused')
    .requiredOption(
      '--file <file>',
      'a JSON array of {"approvalId", "decision", "digest", …}, as POST /v1/decisions takes them; - is the standard input',
    )
    .action(async (options: Options) => {
      const decisions = decisionsOf(await readJsonFile(options.file), options.file);
      const client = connect(options);
      const items: BatchItem[] = [];
      for (let from = 0; from < decisions.length; from += BATCH_MAX) {
        const { data } = await client.decisions.batch(decisions.slice(from, from + BATCH_MAX));
        items.push(...data.map((item) => ({ ...item, index: item.index + from })));
      }
      if (items.some(({ outcome }) => outcome === 'pending')) {
        terminal.note('Some decisions are with their runs; waiting for a worker to answer …');
      }
      const settled = await Promise.all(items.map((item) => settle(client, item)));
      if (settled.some(({ outcome }) => outcome === null || outcome === 'pending')) end(EXIT.failed);
      terminal.print(options.json ? jsonText({ data: settled }) : batchTable(terminal, settled));
    });

/** An approval may be named as on the command line. What is wrong with a decision is for the API to say. */
function decisionsOf(value: JsonValue, file: string): readonly BatchDecision[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new CliError(EXIT.usage, `${file} must hold a JSON array of at least one decision.`);
  }
  return (value as readonly JsonValue[]).map((item, index) => {
    const named = typeof item === 'object' && item !== null && 'approvalId' in item ? item.approvalId : undefined;
    const address = typeof named === 'string' ? readApproval(named) : undefined;
    if (address === undefined) {
      const place = `Decision ${index + 1} of ${file}`;
      throw new CliError(EXIT.usage, `${place} names no approval: "approvalId" is <run id>/<key> or the whole id.`);
    }
    return { ...(item as object), approvalId: approvalId(address.runId, address.key) } as BatchDecision;
  });
}

/** What became of it, where the API could not wait for that. */
async function settle(client: CountersignClient, item: BatchItem): Promise<BatchItem> {
  const address = parseApprovalId(item.approvalId ?? '');
  if (item.outcome !== 'pending' || item.decisionId === null || !address) return item;
  const view = await awaitDecision(client, address, item.decisionId).catch((error: unknown) => {
    if (error instanceof CliError) return undefined;
    throw error;
  });
  if (!view || view.outcome === 'pending') return item;
  const approvalStatus = view.approval.status;
  if (view.outcome === 'refused') return { ...item, status: 409, code: view.code, outcome: null, approvalStatus };
  return { ...item, status: 200, outcome: view.outcome, approvalStatus };
}
