import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ReplayPolicy } from '../../contract/policy.ts';
import { durationSchema } from '../../domain/policy/duration.ts';
import { readPolicyFile } from '../../platform/policy-file.ts';
import { countArgument } from '../arguments.ts';
import { connect, withApiOptions } from '../context.ts';
import type { ApiOptions, CliContext } from '../context.ts';
import { reading } from '../policy-files.ts';
import { jsonText } from '../show/json.ts';
import { replayScreen } from '../show/policy.ts';

interface Options extends ApiOptions {
  readonly policy: string;
  readonly agent?: string;
  readonly tool?: string;
  readonly since?: string;
  readonly limit?: number;
}

/** `7d` ago, or a date. */
const sinceArgument = (text: string): string => {
  const span = durationSchema.safeParse(text);
  const ms = span.success ? Date.now() - span.data : Date.parse(text);
  if (!Number.isNaN(ms)) return new Date(ms).toISOString();
  throw new InvalidArgumentError('It must be a time, or how long ago: 2026-03-01, 7d.');
};

export const addPolicyReplay = (policy: Command, { terminal }: CliContext): Command =>
  withApiOptions(policy.command('replay'))
    .description('try a policy on the calls that were made: what it would have asked more, or less')
    .requiredOption('--policy <file>', 'layers to try, each in the place of the one of its name')
    .option('--agent <name>', 'only calls of this agent')
    .option('--tool <name>', 'only calls of this tool')
    .option('--since <time>', 'only runs started since: a date, or how long ago, like 7d', sinceArgument)
    .option('--limit <count>', 'how many calls, of the newest runs', countArgument)
    .action(async ({ policy: file, ...options }: Options) => {
      const layers = (await reading(readPolicyFile(file))) as ReplayPolicy['layers'];
      const { agent, tool, since, limit } = options;
      const filters = Object.fromEntries(
        Object.entries({ agent, tool, since, limit }).filter(([, value]) => value !== undefined),
      );
      const replay = await connect(options).policy.replay({ layers, ...filters });
      if (options.json) return terminal.print(jsonText(replay));
      terminal.print(replayScreen(terminal, replay));
    });
