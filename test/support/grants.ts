/** Grants as bridge and store would make them. */
import { randomBytes } from 'node:crypto';
import type { JsonValue } from '../../src/domain/arguments/json-value.ts';
import type { GrantCommand } from '../../src/domain/schemas/command.ts';
import { makeBlob } from '../../src/store/blobs.ts';
import type { Store } from '../../src/store/database.ts';
import { createGrant } from '../../src/store/grants.ts';
import type { GrantRow } from '../../src/store/grants.ts';
import { person } from './core.ts';
import type { GateRun } from './gate-run.ts';
import { TOLD } from './told.ts';

export interface GivenGrant {
  readonly constraints: JsonValue;
  readonly command?: Partial<GrantCommand>;
  /** What the row says otherwise than the signed command. */
  readonly row?: Partial<GrantRow>;
  readonly by?: string;
  readonly nowMs: number;
}

/** A grant of an operator for this run's tool; live. Gives its id. */
export const storeGrant = async (store: Store, run: GateRun, given: GivenGrant): Promise<string> => {
  const { start } = run;
  const definitionDigest = run.toolDigest(given.command?.tool ?? given.row?.tool ?? 'refund');
  const constraints = makeBlob(given.constraints);
  const by = given.by ?? 'olga';
  const command: GrantCommand = {
    type: 'grant',
    grantId: `grant_${randomBytes(8).toString('hex')}`,
    scope: 'agent',
    agent: start.agent,
    agentDigest: start.agentDigest,
    policyDigest: start.policyDigest,
    requester: start.requester.principal,
    tool: 'refund',
    definitionDigest,
    constraintsRef: constraints.ref,
    expiresAt: given.nowMs + 3_600_000,
    maxUses: 5,
    ...given.command,
  };
  const { type: _, scopeId = null, runId = null, ...fields } = command;
  const row: GrantRow = {
    ...fields,
    tenant: start.tenant,
    project: start.project,
    state: 'live',
    scopeId,
    runId,
    uses: 0,
    createdBy: by,
    createdAt: given.nowMs,
    decisionId: null,
    revokedAt: null,
    revokedBy: null,
    signed: await run.sign(command, { actor: person(by) }),
    ...given.row,
  };
  await createGrant(store, row, [constraints], TOLD);
  return row.grantId;
};
