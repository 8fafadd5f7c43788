/** The typed client of the HTTP API. */
export { createClient } from './client.ts';
export type { ApprovalAddress, CallOptions, CommandOptions, CountersignClient, GetRunOptions } from './client.ts';
export type { ClientOptions } from './http.ts';
export { ProblemError, UnreachableError } from './errors.ts';
export type { FollowOptions, Reconnect, RunStreamItem } from './run-events.ts';
export { createMessageReader } from './message-text.ts';
export type { MessagePiece } from './message-text.ts';
