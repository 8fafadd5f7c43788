/** The typed client of the HTTP API. */
export { createClient } from './client.ts';
export type { CountersignClient } from './client.ts';
export type { ApprovalAddress } from './approvals.ts';
export type { AuditFormat } from '../contract/audit.ts';
export type { CallOptions, CommandOptions } from './calls.ts';
export type { GrantsQuery } from './grants.ts';
export type { KeysQuery } from './keys.ts';
export type { GetRunOptions } from './runs.ts';
export type { ClientOptions } from './http.ts';
export { ProblemError, UnreachableError } from './errors.ts';
export type { ApprovalFeedItem } from './approval-changes.ts';
export type { Reconnect, ReconnectOptions } from './event-stream.ts';
export type { FollowOptions, RunStreamItem } from './run-events.ts';
export { createMessageReader } from './message-text.ts';
export type { MessagePiece } from './message-text.ts';
