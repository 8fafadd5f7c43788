// A local service that could not be had, and what a person can do about it.
export class LocalServiceError extends Error {
  override readonly name = 'LocalServiceError';
  readonly whatToDo: string;
  readonly logFile: string | undefined;

  constructor(message: string, whatToDo: string, options: { logFile?: string; cause?: unknown } = {}) {
    super(`${message}\n${whatToDo}`, options.cause === undefined ? {} : { cause: options.cause });
    this.whatToDo = whatToDo;
    this.logFile = options.logFile;
  }
}
