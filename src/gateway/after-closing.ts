/** Calls that begin after their connection was closed. */
import { status } from '@grpc/grpc-js';
import type { makeGrpcRetryInterceptor } from '@temporalio/client';

type NextCall = Parameters<ReturnType<typeof makeGrpcRetryInterceptor>>[1];
type Call = ReturnType<NextCall>;

const nothing = (): void => undefined;

/**
 * Fails them as cancelled. The SDK's retries wait in timers that outlive the connection, and a closed channel throws
 * where nobody catches it: a process that is shut down while Temporal is away would crash.
 */
export const cancelledOnceClosed =
  (nextCall: NextCall): NextCall =>
  (options) => {
    try {
      return nextCall(options);
    } catch (error) {
      return cancelled(error instanceof Error ? error.message : String(error));
    }
  };

const cancelled = (details: string): Call => ({
  start: (metadata, listener) => listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata }),
  cancelWithStatus: nothing,
  getPeer: () => 'closed',
  sendMessageWithContext: nothing,
  sendMessage: nothing,
  startRead: nothing,
  halfClose: nothing,
  getAuthContext: () => null,
});
