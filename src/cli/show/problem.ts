/** What went wrong and what to do about it, on standard error. */
import { ProblemError, UnreachableError } from '../../client/index.ts';
import { presentInline } from '../../domain/present/present.ts';
import { ClientConfigError } from '../../platform/client-config.ts';
import { ConfigError } from '../../platform/config-error.ts';
import { LocalServiceError } from '../../platform/services/local-service-error.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Terminal } from '../terminal.ts';
import { jsonLine } from './json.ts';
import { absolute } from './time.ts';

/** Says it, and gives the exit code for it. */
export function showError(terminal: Terminal, error: unknown, asJson: boolean): ExitCode {
  if (error instanceof ProblemError) {
    if (asJson) terminal.note(jsonLine(error.problem));
    else showProblem(terminal, error);
    return EXIT.failed;
  }
  if (error instanceof UnreachableError) {
    say(terminal, error.message, 'Is it running? `npm start` starts the one of this checkout.');
    return EXIT.unreachable;
  }
  if (error instanceof CliError) {
    say(terminal, error.message, error.next);
    return error.exitCode;
  }
  if (error instanceof ConfigError || error instanceof ClientConfigError) {
    say(terminal, error.message);
    return EXIT.usage;
  }
  if (error instanceof LocalServiceError) {
    say(terminal, error.message);
    return EXIT.failed;
  }
  say(terminal, error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.failed;
}

function say(terminal: Terminal, message: string, next?: string): void {
  terminal.note(`Error: ${message}`);
  if (next !== undefined) terminal.note(next);
}

function showProblem(terminal: Terminal, { problem }: ProblemError): void {
  const { winner, claim, currentDigest, errors = [] } = problem;
  say(terminal, `${presentInline(problem.title)} (${presentInline(problem.code)})`);
  terminal.note(presentInline(problem.detail));
  for (const fault of errors) terminal.note(`  ${presentInline(`${fault.in} ${fault.pointer}: ${fault.detail}`)}`);
  if (winner) terminal.note(`Decided: ${presentInline(winner.decision)} by ${presentInline(winner.principal)}.`);
  if (claim) terminal.note(`Claimed by ${presentInline(claim.by)} until ${absolute(claim.until)}.`);
  if (currentDigest !== undefined) terminal.note(`Current digest: ${presentInline(currentDigest)}`);
  terminal.note(presentInline(problem.next));
  if (problem.status >= 500) terminal.note(`Request ${presentInline(problem.requestId)}`);
}
