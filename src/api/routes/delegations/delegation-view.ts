import type { Delegation } from '../../../contract/delegations.ts';
import type { DelegationRow } from '../../../store/delegations.ts';
import { timestamp, timestampOrNull } from '../../views/time.ts';

export const delegationPath = (delegationId: string): string => `/v1/delegations/${delegationId}`;

export const isActive = ({ until, endedAt }: DelegationRow, nowMs: number): boolean =>
  endedAt === null && nowMs < until;

export function delegationView(row: DelegationRow, nowMs: number): Delegation {
  const { delegationId, from, to, groups, createdAt, until, endedAt, endedBy } = row;
  return {
    delegationId,
    from,
    to,
    groups: groups && [...groups],
    createdAt: timestamp(createdAt),
    until: timestamp(until),
    endedAt: timestampOrNull(endedAt),
    endedBy,
    active: isActive(row, nowMs),
    links: { self: delegationPath(delegationId) },
  };
}
