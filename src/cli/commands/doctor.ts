import type { Command } from 'commander';
import { CheckUp } from '../../contract/check-up.ts';
import type { Check } from '../../contract/check-up.ts';
import { readClientFile } from '../../platform/client-config.ts';
import { ConfigError } from '../../platform/config-error.ts';
import { loadClientEnvironment } from '../../platform/environment/client-environment.ts';
import { keptIn } from '../context.ts';
import type { CliContext } from '../context.ts';
import { EXIT } from '../exit-codes.ts';
import { askProcess } from '../local/ask-process.ts';
import { jsonText } from '../show/json.ts';
import { checkLines } from '../show/check-up.ts';

const TIMEOUT_MS = 5_000;

export const addDoctor = (program: Command, { terminal, end }: CliContext): Command =>
  program
    .command('doctor')
    .description('check everything that can be reached from here, and say how to mend what is wrong')
    .option('--json', 'print it as JSON')
    .action(async ({ json = false }: { json?: boolean }) => {
      const answer = await askProcess({
        program: 'doctor',
        arguments: [],
        failure: 'The check could not be made',
        next: 'This is a fault of Countersign.',
      });
      const checks = [...CheckUp.parse(answer).checks, await checkApi()];
      terminal.print(json ? jsonText({ checks }) : checkLines(terminal, checks));
      if (checks.some(({ status }) => status === 'failed')) end(EXIT.failed);
    });

/** As the command line would call it. */
async function checkApi(): Promise<Check> {
  const subject = 'api';
  const url = knownUrl();
  if (url === undefined)
    return { subject, status: 'skipped', detail: 'no address is known: COUNTERSIGN_URL is not set' };
  try {
    const answer = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (answer.ok) return { subject, status: 'ok', detail: `${url} is ready` };
    const next = 'Its log says more; what it lacks is above, if it is the same installation.';
    return { subject, status: 'failed', detail: `${url} answers ${answer.status}: ${await answer.text()}`, next };
  } catch {
    const next = 'Start `countersign api`, or `npm start`; or correct COUNTERSIGN_URL.';
    return { subject, status: 'failed', detail: `${url} does not answer`, next };
  }
}

function knownUrl(): string | undefined {
  try {
    const environment = loadClientEnvironment();
    return environment.url ?? readClientFile(keptIn(environment))?.url;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
