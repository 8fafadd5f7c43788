import type { Command } from 'commander';
import type { ResolveCall } from '../../contract/run-commands.ts';
import type { ParkedCall, RunDetail } from '../../contract/runs.ts';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { Resolution } from '../../domain/schemas/command.ts';
import { callArgument, digestArgument, epochArgument, jsonArgument, runIdArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { readJsonFile } from '../read-json-file.ts';
import { callBlock } from '../show/attention.ts';
import { commandedText } from '../show/commanded.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly done?: boolean;
  readonly retry?: boolean;
  readonly fail?: boolean;
  readonly result?: JsonValue;
  readonly resultFile?: string;
  readonly reason: string;
  readonly epoch?: number;
  readonly digest?: string;
  readonly yes?: boolean;
  readonly idempotencyKey?: string;
}

const DID: Readonly<Record<Resolution, string>> = {
  mark_done: 'has the result of the call',
  retry: 'tries the call again',
  fail: 'gives the call up',
};

/** Bound to the attempt that was looked at: on a terminal the one that is shown, elsewhere the one that is named. */
export const addRunsResolve = (runs: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(runs.command('resolve'))
    .description('say how a parked call goes on: it took effect, try it again, or give it up')
    .argument('<run>', 'id of the run', runIdArgument)
    .argument('<call>', 'the parked call, as `runs show` names it', callArgument)
    .option('--done', 'it took effect, with the result of --result or --result-file')
    .option('--result <json>', 'what the tool would have returned', jsonArgument)
    .option('--result-file <file>', 'the same from a file; - is the standard input')
    .option('--retry', 'try it again')
    .option('--fail', 'give it up: the model is told that it failed')
    .requiredOption('--reason <text>', 'why; kept with the run')
    .option('--epoch <number>', 'the attempt that you have looked at; no other is meant', epochArgument)
    .option('--digest <digest>', 'the call that you have looked at; no other is meant', digestArgument)
    .option('--yes', 'do not ask')
    .option('--idempotency-key <key>', 'repeats with the same key have one effect')
    .action(async (runId: string, toolCallId: string, options: Options) => {
      const resolution = resolutionOf(options);
      const result = await resultOf(options, resolution);
      const mustAsk = terminal.isInteractive && !options.yes && !options.json;
      if (!mustAsk && options.epoch === undefined) {
        throw new CliError(
          EXIT.usage,
          'Nobody can be asked here: say with --epoch which attempt you have looked at.',
          `${COMMAND} runs show ${runId} shows the call and its attempt.`,
        );
      }
      const client = connect(options);
      let { epoch, digest } = options;
      if (mustAsk) {
        const call = parkedCall(await client.runs.get(runId), toolCallId);
        terminal.print(callBlock(terminal, call, Date.now()));
        const answer = await terminal.ask(`\n${QUESTIONS[resolution]} [y/N] `);
        if (!/^y(es)?$/i.test(answer?.trim() ?? '')) {
          terminal.note('Nothing was said to the run.');
          return end(EXIT.failed);
        }
        epoch ??= call.epoch;
        digest ??= call.digest ?? undefined;
      }
      const request: ResolveCall = {
        toolCallId,
        resolution,
        reason: options.reason,
        ...(result !== undefined && { result }),
        ...(epoch !== undefined && { epoch }),
        ...(digest !== undefined && { digest }),
      };
      const run = await client.runs.resolve(runId, request, { idempotencyKey: options.idempotencyKey });
      terminal.print(options.json ? jsonText(run) : commandedText(terminal, run, DID[resolution]));
    });

const QUESTIONS: Readonly<Record<Resolution, string>> = {
  mark_done: 'Did this call take effect, with the result you give?',
  retry: 'Try this call again?',
  fail: 'Give this call up?',
};

function resolutionOf({ done, retry, fail }: Options): Resolution {
  const given = [done && 'mark_done', retry && 'retry', fail && 'fail'].filter((one) => one !== undefined);
  const [resolution] = given as Resolution[];
  if (resolution !== undefined && given.length === 1) return resolution;
  throw new CliError(EXIT.usage, 'Say one of --done, --retry and --fail.');
}

async function resultOf({ result, resultFile }: Options, resolution: Resolution): Promise<JsonValue | undefined> {
  const given = [result, resultFile].filter((one) => one !== undefined).length;
  if (given !== (resolution === 'mark_done' ? 1 : 0)) {
    throw new CliError(EXIT.usage, '--done needs a result (--result or --result-file); nothing else takes one.');
  }
  return resultFile === undefined ? result : readJsonFile(resultFile);
}

function parkedCall({ runId, attentions }: RunDetail, toolCallId: string): ParkedCall {
  const call = attentions.find((attention) => attention.call?.toolCallId === toolCallId)?.call;
  if (call) return call;
  throw new CliError(EXIT.failed, `${toolCallId} of run ${runId} is not parked.`, `${COMMAND} runs show ${runId}`);
}
