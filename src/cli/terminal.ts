/** What commands write to. Colours only on a terminal; Node itself honours NO_COLOR and FORCE_COLOR. */
import { createInterface } from 'node:readline/promises';
import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface Terminal {
  /** Results, a line or several. */
  print(text?: string): void;
  /** A piece of a line. */
  write(text: string): void;
  /** Everything that is no result: notes and faults. */
  note(text: string): void;
  style(style: Style, text: string): string;
  /** Width of the screen; 100 where there is none. */
  readonly columns: number;
  /** Whether a person can be asked. */
  readonly isInteractive: boolean;
  /** Whether results go to a terminal. */
  readonly isTerminal: boolean;
  /** Undefined where no answer came: Ctrl-D, or the input ended. */
  ask(question: string): Promise<string | undefined>;
}

const COLUMNS = 100;
const MIN_COLUMNS = 40;

/** Node leaves the property out where there is none. */
const isTerminal = ({ isTTY }: { readonly isTTY?: boolean }): boolean => isTTY === true;

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr } = process;
  // `… | head` has seen enough: that is no failure.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    print: (text = '') => void stdout.write(`${text}\n`),
    write: (text) => void stdout.write(text),
    note: (text) => void stderr.write(`${text}\n`),
    style: (style, text) => styleText(style, text, { stream: stdout }),
    get columns() {
      return Math.max(MIN_COLUMNS, stdout.columns ?? COLUMNS);
    },
    isInteractive: isTerminal(stdin) && isTerminal(stdout),
    isTerminal: isTerminal(stdout),
    ask: (question) =>
      new Promise((resolve, reject) => {
        const reader = createInterface({ input: stdin, output: stdout });
        reader.on('close', () => resolve(undefined));
        reader.on('SIGINT', () => reader.close());
        reader
          .question(question)
          .then(resolve, reject)
          .finally(() => reader.close());
      }),
  };
}
