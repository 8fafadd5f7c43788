import type { Brake, BrakeBypass } from '../../../contract/brakes.ts';
import type { BrakeRow, BypassRow } from '../../../store/brakes.ts';
import { timestamp, timestampOrNull } from '../../views/time.ts';

export const brakePath = (brakeId: string): string => `/v1/brakes/${brakeId}`;

export function brakeView(row: BrakeRow): Brake {
  const { brakeId, project, agent, tool, reason, createdBy, createdAt, releasedBy, releasedAt } = row;
  const self = brakePath(brakeId);
  return {
    brakeId,
    scope: project === null ? 'tenant' : 'project',
    project,
    agent,
    tool,
    reason,
    createdBy,
    createdAt: timestamp(createdAt),
    releasedBy,
    releasedAt: timestampOrNull(releasedAt),
    active: releasedAt === null,
    links: { self, bypasses: `${self}/bypasses` },
  };
}

export function bypassView(row: BypassRow, nowMs: number): BrakeBypass {
  const { bypassId, project, agent, tool, runId, reason, createdBy, createdAt, until, endedAt } = row;
  return {
    bypassId,
    project,
    agent,
    tool,
    runId,
    reason,
    createdBy,
    createdAt: timestamp(createdAt),
    until: timestamp(until),
    endedAt: timestampOrNull(endedAt),
    active: endedAt === null && nowMs < until,
  };
}
