import type { Command } from 'commander';
import { minutesArgument, runIdArgument } from '../arguments.ts';
import { COMMAND, connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { bypassText } from '../show/brake.ts';
import { jsonText } from '../show/json.ts';

interface Options extends ApiOptions {
  readonly agent?: string;
  readonly tool?: string;
  readonly run?: string;
  readonly for: number;
  readonly reason: string;
}

export const addBrakesBypass = (brakes: Command, { terminal }: CliContext): Command =>
  withApiOptions(brakes.command('bypass'))
    .description('let some calls pass a brake for a time; every one of them is recorded')
    .argument('<brake>', 'id of the brake')
    .option('--run <run>', 'calls of this run', runIdArgument)
    .option('--agent <name>', 'calls of this agent')
    .option('--tool <name>', 'calls of this tool')
    .requiredOption('--for <duration>', 'how long: at most 60m', minutesArgument)
    .requiredOption('--reason <text>', 'why; shown to operators')
    .action(async (brakeId: string, { run: runId, agent, tool, for: minutes, reason, ...options }: Options) => {
      if (runId === undefined && agent === undefined && tool === undefined) {
        throw new CliError(EXIT.usage, 'Say what may pass: --run, --agent or --tool.');
      }
      const scope = {
        ...(runId !== undefined && { runId }),
        ...(agent !== undefined && { agent }),
        ...(tool !== undefined && { tool }),
      };
      const bypass = await connect(options).brakes.addBypass(brakeId, { scope, minutes, reason });
      if (options.json) return terminal.print(jsonText(bypass));
      terminal.print(bypassText(bypass, Date.now()));
      terminal.print(`To end that before: ${COMMAND} brakes end-bypass ${brakeId} ${bypass.bypassId}`);
    });
