// Every wait that a person could notice says what it waits for, and how long it took.
export interface StepOptions {
  /** How long it may take, told in advance. */
  readonly expectSeconds?: number;
  /** Where the details are, named when it fails. */
  readonly logFile?: string;
}

export interface ProgressStep {
  /** Something to add while it goes on. */
  update(detail: string): void;
  done(detail?: string): void;
  fail(error: unknown): void;
}

export interface Progress {
  step(title: string, options?: StepOptions): ProgressStep;
  /** Runs work as one step; what it throws is shown with the log file and thrown on. */
  during<T>(title: string, options: StepOptions, work: (step: ProgressStep) => Promise<T>): Promise<T>;
}

/** A stream to write to: standard error in programs, anything with `write` in tests. */
export interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Shorter waits are not worth a line. */
const quietMs = 300;
const tickMs = 1_000;
/** Without a terminal to redraw, a long wait gives a sign of life this often. */
const signOfLifeMs = 15_000;

/** Shows steps on a stream: in place on a terminal, line by line elsewhere. */
export function streamProgress(stream: ProgressStream): Progress {
  const inPlace = stream.isTTY === true;
  // Two steps at once cannot both redraw the last line: only a step that is alone does.
  const open = new Set<object>();

  const step = (title: string, options: StepOptions = {}): ProgressStep => {
    const startedMs = Date.now();
    const key = {};
    let announced = false;
    let detail = '';
    let lastSignMs = startedMs;
    open.add(key);

    const expectation = options.expectSeconds === undefined ? '' : ` (about ${formatSeconds(options.expectSeconds)})`;
    const redraw = () => {
      if (inPlace && open.size === 1) stream.write(`\r\u001b[K${title}${expectation} … ${elapsed(startedMs)}${detail}`);
      else if (!inPlace && Date.now() - lastSignMs >= signOfLifeMs) {
        lastSignMs = Date.now();
        stream.write(`  ${title} … ${elapsed(startedMs)}${detail}\n`);
      }
    };
    const announce = setTimeout(() => {
      announced = true;
      if (inPlace && open.size === 1) redraw();
      else stream.write(`${title}${expectation} …\n`);
    }, quietMs);
    const ticker = setInterval(() => announced && redraw(), tickMs);
    announce.unref();
    ticker.unref();

    const end = () => {
      clearTimeout(announce);
      clearInterval(ticker);
      if (inPlace && announced && open.size === 1) stream.write('\r\u001b[K');
      return open.delete(key);
    };
    return {
      update: (text) => {
        detail = ` ${text}`;
        if (announced) redraw();
      },
      done: (text) => {
        if (end() && (announced || text !== undefined)) {
          stream.write(`${title}: ${text ?? 'done'}${announced ? ` (${elapsed(startedMs)})` : ''}\n`);
        }
      },
      fail: (error) => {
        const log = options.logFile === undefined ? '' : `\n  Its log: ${options.logFile}`;
        if (end()) stream.write(`${title}: failed after ${elapsed(startedMs)}\n  ${messageOf(error)}${log}\n`);
      },
    };
  };
  return { step, during: duringOf(step) };
}

/** Says nothing: for tests and for programs whose output is data. */
export function quietProgress(): Progress {
  const step = (): ProgressStep => ({ update: () => {}, done: () => {}, fail: () => {} });
  return { step, during: duringOf(step) };
}

function duringOf(step: Progress['step']): Progress['during'] {
  return async (title, options, work) => {
    const current = step(title, options);
    try {
      const result = await work(current);
      current.done();
      return result;
    } catch (error) {
      current.fail(error);
      throw error;
    }
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.replaceAll('\n', '\n  ') : String(error);
}

function elapsed(startedMs: number): string {
  return formatSeconds((Date.now() - startedMs) / 1000);
}

function formatSeconds(seconds: number): string {
  if (seconds >= 90) {
    const whole = Math.round(seconds);
    return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? '' : ` ${whole % 60} s`}`;
  }
  return seconds < 10 ? `${seconds.toFixed(1).replace(/\.0$/, '')} s` : `${Math.round(seconds)} s`;
}
