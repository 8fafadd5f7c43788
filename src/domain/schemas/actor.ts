import { z } from 'zod';

/** `broker`: a service that starts runs for people whom it has authenticated itself. `worker`: carries out calls on a task queue. */
export const Role = z.enum(['requester', 'broker', 'approver', 'operator', 'auditor', 'admin', 'worker']);
export type Role = z.infer<typeof Role>;

/** More hands than these no credential may have gone through: none of them may be forgotten. */
export const MAX_MAKERS = 20;

/** Somebody who has handed their part to another for a time, with the groups of theirs that go along. */
export const Delegator = z.object({
  principal: z.string().min(1).max(200),
  groups: z.array(z.string().max(100)).max(100),
});
export type Delegator = z.infer<typeof Delegator>;

/** Who did something: a principal is the person or service that all credentials of theirs resolve to. */
export const Actor = z.object({
  principal: z.string().min(1).max(200),
  kind: z.enum(['person', 'service']),
  groups: z.array(z.string().max(100)).max(100),
  credentialId: z.string().max(100),
  /** Who made the credential, where that is somebody else: they count as this principal for `notRequester`. */
  createdBy: z.string().max(200).optional(),
  /** Others who could know a secret of the credential, through however many keys: they count likewise. */
  makers: z.array(z.string().max(200)).max(MAX_MAKERS).optional(),
  /**
   * In whose place this principal may count. Names alone are how it was signed at first: the groups of those are among
   * `groups`, and nobody can tell any more whose they were.
   */
  delegatedFrom: z
    .array(z.union([Delegator, z.string().max(200)]))
    .max(20)
    .optional(),
});
export type Actor = z.infer<typeof Actor>;

/** The way a command came in. Taken from route and credential, never from what the request says of itself. */
export const Channel = z.enum(['api', 'cli', 'inbox', 'chat', 'temporal', 'system']);
export type Channel = z.infer<typeof Channel>;

/** Who a run acts for. */
export const Requester = z.object({
  principal: z.string().min(1).max(200),
  groups: z.array(z.string().max(100)).max(100),
});
export type Requester = z.infer<typeof Requester>;
