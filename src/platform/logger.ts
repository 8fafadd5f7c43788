// Structured logs: ids and states, never content or secrets.
import pino from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: string;
  /** Which part of the system is speaking: `api`, `worker`, `dev`. */
  readonly service: string;
  /** A file to append to (created with mode 0600) or a stream; standard error without it. */
  readonly destination?: string | DestinationStream;
}

/** Keys whose values are secrets or people's content, wherever they stand up to two levels deep. */
const redactedKeys = [
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'secret',
  'token',
  'apiKey',
  'privateKey',
  'databaseUrl',
  'jws',
  'arguments',
  'editedArguments',
  'input',
  'output',
  'content',
  'result',
  'response',
  'reason',
  'body',
];

/** Secrets that slipped into a text: our API keys, signed commands, and passwords inside connection URLs. */
const secretPatterns: readonly (readonly [RegExp, string])[] = [
  [/\bcs_([A-Za-z0-9]+)_[A-Za-z0-9_-]+/g, 'cs_$1_[redacted]'],
  [/\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g, '[redacted]'],
  [/(\w+:\/\/[^\s:/@"]+:)[^\s@"]+@/g, '$1[redacted]@'],
];

/**
 * A logger that writes one JSON object a line; the message is the event: `logger.info({ runId }, 'run.start_accepted')`.
 * Writes synchronously, so that the last line before a crash is there.
 */
export function createLogger(options: LoggerOptions): Logger {
  const settings = {
    level: options.level,
    messageKey: 'event',
    base: { service: options.service },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError, error: describeError },
    redact: { paths: redactedKeys.flatMap(pathsOf), censor: '[redacted]' },
    hooks: { streamWrite: withoutSecrets },
  };
  const { destination } = options;
  if (typeof destination === 'object') return pino(settings, destination);
  return pino(settings, pino.destination({ dest: destination ?? 2, sync: true, mkdir: true, mode: 0o600 }));
}

function pathsOf(key: string): string[] {
  return [`["${key}"]`, `*["${key}"]`, `*.*["${key}"]`];
}

function withoutSecrets(line: string): string {
  return secretPatterns.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}

/** What is safe to say about an error. Drivers hang row values and statements on theirs: those stay out. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: typeof error };
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
