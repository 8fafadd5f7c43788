import type { Command } from 'commander';
import type { CountersignClient } from '../../client/index.ts';
import type { RunEventView } from '../../contract/events.ts';
import { runIdArgument, sequenceArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { exitCodeOf } from '../exit-code-of-run.ts';
import { followAndPrint } from '../follow-run.ts';
import { listenForInterruption } from '../interruption.ts';
import { showCommand } from '../show/decide-commands.ts';
import { status as statusText } from '../show/status.ts';

interface Options extends ApiOptions {
  readonly after?: number;
}

export const addRunsWatch = (runs: Command, { terminal, end }: CliContext): Command =>
  withApiOptions(runs.command('watch'))
    .description('follow the events of a run until it ends; 0 only where it completed')
    .argument('<run>', 'id of the run', runIdArgument)
    .option('--after <event>', 'only events with a higher number', sequenceArgument)
    .action(async (runId: string, options: Options) => {
      const client = connect(options);
      const { signal } = listenForInterruption();
      const status = await followAndPrint(client, terminal, runId, {
        after: options.after,
        signal,
        json: options.json,
        onEvent: async (event) => {
          if (options.json) return;
          const command = await lookAt(client, runId, event, signal);
          if (command !== undefined) terminal.note(`Look at it: ${command}`);
        },
      });
      if (status !== undefined && !options.json) terminal.print(`The run is over: ${statusText(terminal, status)}.`);
      end(exitCodeOf(status));
    });

/** How to see what waits for somebody; undefined where the event tells of none, or it is over by now. */
async function lookAt(
  client: CountersignClient,
  runId: string,
  { type, data }: RunEventView,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (type === 'run.blocked') {
    const { attentions } = await client.runs.get(runId, { signal });
    return attentions.length === 0 ? undefined : `${COMMAND} runs show ${runId}`;
  }
  const { approval } = data;
  if (type !== 'approval.requested' || typeof approval !== 'object' || approval === null) return undefined;
  const { data: open } = await client.approvals.listOfRun(runId, { status: 'pending', limit: 100 }, { signal });
  const pending = open.find(({ key }) => 'key' in approval && key === approval.key);
  return pending && showCommand(pending);
}
