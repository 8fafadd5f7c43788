/** What the exit code tells a script. docs/reference/cli.md lists them. */
export const EXIT = {
  ok: 0,
  /** The API refused, a run ended without completing, or something unexpected happened: standard error says which. */
  failed: 1,
  /** The command line itself, or the environment, is not usable; nothing was asked of the API. */
  usage: 2,
  /** Nothing answers at the address. */
  unreachable: 3,
  /** Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command with a message for people and a code for scripts. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** What to do next. */
  readonly next: string | undefined;

  constructor(exitCode: ExitCode, message: string, next?: string) {
    super(message);
    this.exitCode = exitCode;
    this.next = next;
  }
}
