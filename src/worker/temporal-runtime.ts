/** Temporal's native runtime: one a process, its logs in ours. */
import { IllegalStateError } from '@temporalio/common';
import { Runtime } from '@temporalio/worker';
import type { LogLevel, LogMetadata, Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from '../platform/logger.ts';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const;

/** What Temporal says while it works is of interest to who debugs it: its INFO is our debug. */
const temporalLogger = (logger: Logger): TemporalLogger => {
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void => {
    const { workflowId, activityId, attempt, error, taskQueue } = meta ?? {};
    logger[LEVELS[level]](
      { workflowId, activityId, attempt, taskQueue, err: error, detail: message },
      'temporal.sdk_said',
    );
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
};

let installed = false;

/** Before any connection or worker; later calls in the same process change nothing. */
export const installTemporalRuntime = (logger: Logger): void => {
  if (installed) return;
  installed = true;
  try {
    Runtime.install({
      logger: temporalLogger(logger),
      telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } },
      // The process decides when it ends; the SDK would take SIGTERM for itself.
      shutdownSignals: [],
    });
  } catch (error) {
    // Whoever was first in this process (a test environment, say) has chosen its settings; the worker works with them.
    if (!(error instanceof IllegalStateError)) throw error;
    logger.warn('temporal.runtime_taken');
  }
};
