import type { Command } from 'commander';
import { DeploymentRefusal, MovedRuns, WorkerFleet } from '../../contract/workers.ts';
import type { CliContext } from '../context.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { askProcess } from '../local/ask-process.ts';
import { jsonText } from '../show/json.ts';
import { workerFleetScreen } from '../show/worker-fleet.ts';

interface Options {
  readonly json?: boolean;
  readonly force?: boolean;
  readonly wait?: string;
  readonly percent?: string;
  readonly from?: string;
  readonly to?: string;
}

/** These speak to Temporal itself: a pipeline deploys workers whether or not the API is up. */
export function addWorkerDeploy(worker: Command, context: CliContext): void {
  const deploy = worker
    .command('deploy')
    .description('versions of the worker deployment: what is current, who serves it');
  const command = (name: string, description: string): Command =>
    deploy.command(name).description(description).option('--json', 'print it as JSON');
  const show = async (parts: readonly string[], options: Options) => showFleet(context, await ask(parts), options);

  command('status', 'versions with their workers and runs, and runs that nobody carries on').action(
    (options: Options) => show(['status'], options),
  );
  command('set-current', 'give a version all new runs, and those that upgrade by themselves')
    .argument('<build>', 'its build id')
    .option('--wait <seconds>', 'for its first worker', '0')
    .option('--force', 'also where it has no worker')
    .action((build: string, options: Options) => show(['set-current', build, ...flags(options)], options));
  command('ramp', 'give a version a share of the new runs')
    .argument('<build>', 'its build id')
    .requiredOption('--percent <number>', '0 to 100; 0 ends it')
    .option('--wait <seconds>', 'for its first worker', '0')
    .option('--force', 'also where it has no worker')
    .action((build: string, options: Options) => show(['ramp', build, ...flags(options)], options));
  command('rollback', 'make the version current that was it before')
    .option('--force', 'also where it has no worker')
    .action((options: Options) => show(['rollback', ...flags(options)], options));
  command('move', 'move pinned runs to another version, on purpose')
    .argument('[runs...]', 'ids of runs of this tenant and project')
    .option('--from <build>', 'all unfinished runs of that version')
    .option('--to <build>', 'and pin them there; without it they follow what is current')
    .option('--force', 'also where that version has no worker')
    .action(async (runs: readonly string[], options: Options) => {
      if (runs.length === 0 && options.from === undefined)
        throw new CliError(EXIT.usage, 'Name runs, or all of a version with --from.');
      showMoved(context, await ask(['move', ...runs, ...flags(options)]), options);
    });
}

const flags = ({ force, wait, percent, from, to }: Options): readonly string[] => {
  if (percent !== undefined && !/^(?:\d{1,2}|100)(?:\.\d+)?$/.test(percent))
    throw new CliError(EXIT.usage, '--percent must be a number from 0 to 100.');
  if (wait !== undefined && !/^\d{1,4}$/.test(wait)) throw new CliError(EXIT.usage, '--wait must be seconds.');
  const named = Object.entries({ wait, percent, from, to }).filter(([, value]) => value !== undefined);
  return [...(force ? ['--force'] : []), ...named.map(([name, value]) => `--${name}=${value}`)];
};

async function ask(parts: readonly string[]): Promise<unknown> {
  const answer = await askProcess({
    program: 'deployments',
    arguments: parts,
    failure: 'The worker deployment could not be read',
    next: 'Name Temporal by TEMPORAL_ADDRESS or a profile; `countersign doctor` says what is wrong.',
  });
  const refused = DeploymentRefusal.safeParse(answer).data;
  if (refused) throw new CliError(EXIT.failed, refused.refused);
  return answer;
}

function showFleet({ terminal }: CliContext, answer: unknown, { json }: Options): void {
  terminal.print(json ? jsonText(answer) : workerFleetScreen(terminal, WorkerFleet.parse(answer), Date.now()));
}

function showMoved({ terminal, end }: CliContext, answer: unknown, { json }: Options): void {
  const { moved, refused } = MovedRuns.parse(answer);
  if (json) terminal.print(jsonText({ moved, refused }));
  else {
    terminal.print(`Moved: ${moved.length}.`);
    for (const { workflowId, reason } of refused) terminal.note(`Not moved: ${workflowId}: ${reason}`);
  }
  if (refused.length > 0) end(EXIT.failed);
}
