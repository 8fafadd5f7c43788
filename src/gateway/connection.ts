/** The bridge's connection to Temporal. Lazy: the API starts while Temporal is down, and answers 503. */
import { status } from '@grpc/grpc-js';
import type { TemporalEndpoint } from '../platform/temporal-endpoint.ts';
import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import { cancelledOnceClosed } from './after-closing.ts';

/**
 * The server buffers few queries a run and then says RESOURCE_EXHAUSTED: asking again after 20 to 100 ms answers people
 * in time, where the SDK's own second would not.
 */
const retries = makeGrpcRetryInterceptor(
  defaultGrpcRetryOptions({
    initialIntervalMs: ({ code }) => (code === status.RESOURCE_EXHAUSTED ? 20 + Math.random() * 80 : 100),
    maxIntervalMs: () => 1_000,
  }),
);

const retriesWhileOpen: typeof retries = (options, nextCall) => retries(options, cancelledOnceClosed(nextCall));

/** gRPC's own backoff grows to two minutes: Temporal would be back for so long before we noticed. */
const channelArgs = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': 2_000 };

export const connectLazily = (endpoint: TemporalEndpoint): Connection =>
  Connection.lazy({ ...endpoint, interceptors: [retriesWhileOpen], channelArgs });
