// Brakes, grants and delegations as the store gets them.
import { digestOf } from '../../src/domain/core/digest.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import type { BrakeRow, BypassRow } from '../../src/store/brakes.ts';
import type { DelegationRow } from '../../src/store/delegations.ts';
import type { GrantRow } from '../../src/store/grants.ts';
import { NOW, scope } from './fixtures.ts';

let count = 0;

export const brakeOn = (tenant: string, changes: Partial<BrakeRow> = {}): BrakeRow => ({
  brakeId: 'brake-1',
  tenant,
  project: null,
  agent: null,
  tool: null,
  reason: 'Refunds go to the wrong account.',
  createdBy: 'oscar',
  createdAt: NOW,
  releasedAt: null,
  releasedBy: null,
  ...changes,
});

export const bypassOf = (tenant: string, changes: Partial<BypassRow> = {}): BypassRow => ({
  bypassId: 'bypass-1',
  brakeId: 'brake-1',
  tenant,
  project: null,
  agent: null,
  tool: null,
  runId: null,
  until: NOW + 60_000,
  reason: 'One customer waits.',
  createdBy: 'oscar',
  createdAt: NOW,
  endedAt: null,
  ...changes,
});

export const constraints = makeBlob({ '/order': { equals: 7 } });

export function grantOf(changes: Partial<GrantRow> = {}): GrantRow {
  count += 1;
  return {
    ...scope,
    grantId: `grant-${count}`,
    state: 'proposed',
    scope: 'agent',
    scopeId: null,
    agent: 'refunds',
    agentDigest: digestOf('agent'),
    policyDigest: digestOf('policy'),
    requester: 'ada',
    tool: 'refund',
    definitionDigest: digestOf('definition'),
    constraintsRef: constraints.ref,
    expiresAt: NOW + 60_000,
    maxUses: 2,
    uses: 0,
    createdBy: 'grace',
    createdAt: NOW + count,
    decisionId: null,
    runId: null,
    revokedAt: null,
    revokedBy: null,
    signed: { bytes: '{"type":"grant"}', jws: 'a.b.c' },
    ...changes,
  };
}

export const delegationOf = (changes: Partial<DelegationRow> = {}): DelegationRow => {
  count += 1;
  return {
    ...scope,
    delegationId: `dlg_${count}`,
    from: 'ada',
    to: 'grace',
    groups: null,
    until: NOW + 60_000,
    createdBy: 'ada',
    createdAt: NOW + count,
    endedAt: null,
    endedBy: null,
    ...changes,
  };
};
