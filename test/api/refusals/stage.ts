// Where refusals are brought about: an API as usual, and one with every limit tight whose database can be cut off.
import { openGuards } from '../../../src/adapters/guards/open-guards.ts';
import type { JsonValue } from '../../../src/domain/arguments/json-value.ts';
import type { Approval, ApproverRule, DecisionKind, Verdict } from '../../../src/domain/schemas/approval.ts';
import type { RunEvent } from '../../../src/domain/schemas/event.ts';
import type { NewCredential } from '../../../src/store/credentials.ts';
import { GuardsConfig } from '../../../src/platform/guards-file.ts';
import { DEFAULT_RATES } from '../../../src/platform/rates.ts';
import { cuttableRelay } from '../../support/cuttable-relay.ts';
import type { CuttableRelay } from '../../support/cuttable-relay.ts';
import { createApiWorld } from '../api-world.ts';
import type { ApiWorld } from '../api-world.ts';
import { pathOf } from '../deciding.ts';
import { putPayments } from '../obedient-run.ts';
import { IDLE_DRIVER, putQuick } from '../quick.ts';
import { scriptedRun } from '../run-script.ts';
import type { ScriptedRun } from '../run-script.ts';
import { TREASURY, putTreasury } from '../treasury.ts';
import type { CurlRequest } from './curl.ts';

/** Of the right form, and of nobody. */
export const NOBODY = 'a'.repeat(26);
export const NO_RUN = `/v1/runs/run_${NOBODY}`;
export const START = { agent: 'refunds', input: 'Refund order 7.' };

const MODERATION_THAT_IS_AWAY = { url: 'http://127.0.0.1:9/', action: 'off', places: { message: 'block' } };

export interface Stage extends AsyncDisposable {
  readonly usual: ApiWorld;
  readonly tight: ApiWorld;
  /** Between the tight API and its database. */
  readonly relay: CuttableRelay;
  /** A key of somebody's; the server's own person without. */
  keyOf(changes: Partial<NewCredential>): Promise<string>;
  run(): Promise<ScriptedRun>;
  /** An approval of the treasury's agent that pends for whoever approves. */
  ask(changes?: Partial<Approval>, verdict?: Partial<Verdict>, args?: JsonValue): Promise<Asked>;
}

/** An approval, with what may happen to it. */
export interface Asked {
  readonly approval: Approval;
  readonly run: ScriptedRun;
  /** A decision on it; with the digest of what was shown unless the body has another. */
  decision(body: DecisionBody, key?: string): CurlRequest;
  /** Somebody decides it, or votes. */
  decided(by: string, decision: DecisionKind, status: 'approved' | 'superseded' | undefined): Promise<void>;
}

export interface DecisionBody {
  readonly decision: DecisionKind;
  readonly [field: string]: unknown;
}

export const ANYBODY: ApproverRule = { approvals: 1, rejections: 1, notRequester: false, reasonRequired: false };

export async function openStage(): Promise<Stage> {
  let relay: CuttableRelay | undefined;
  const [usual, tight] = await Promise.all([
    createApiWorld({
      limits: { decisionWaitMs: 400, verdictAfterMs: 20, approvalWaitMs: 20 },
      dependencies: { classic: IDLE_DRIVER },
    }),
    createApiWorld({
      limits: {
        rates: { ...DEFAULT_RATES, reads: 3 },
        streamsPerPrincipal: 1,
        headersTimeoutMs: 800,
        requestTimeoutMs: 1_200,
        eventLoopDelayMs: 300,
      },
      dependencies: {
        maxActiveRunsPerRequester: 1,
        guards: openGuards(GuardsConfig.parse({ pii: { action: 'block' }, moderation: MODERATION_THAT_IS_AWAY })),
      },
      through: async (databaseUrl) => {
        const url = new URL(databaseUrl);
        relay = await cuttableRelay(url.hostname, Number(url.port));
        url.hostname = '127.0.0.1';
        url.port = String(relay.port);
        return url.href;
      },
    }),
  ]);
  await putTreasury(usual);
  await Promise.all([putQuick(usual), putQuick(tight)]);
  await putPayments(usual);
  if (!relay) throw new Error('no relay');
  const between = relay;
  return {
    usual,
    tight,
    relay: between,
    keyOf: async (changes) => (await usual.newKey(changes)).key,
    run: () => scriptedRun(usual),
    ask: (...given) => ask(usual, ...given),
    async [Symbol.asyncDispose]() {
      between.restore();
      await Promise.all([usual[Symbol.asyncDispose](), tight[Symbol.asyncDispose]()]);
      await between[Symbol.asyncDispose]();
    },
  };
}

async function ask(
  world: ApiWorld,
  changes: Partial<Approval> = {},
  verdict: Partial<Verdict> = {},
  args: JsonValue = { order: 7, amount: 100 },
): Promise<Asked> {
  const run = await scriptedRun(world, undefined, TREASURY);
  const factsRef = await run.keeps({
    turn: 1,
    startedAt: '2026-03-14T09:26:53.589Z',
    usage: { inputTokens: 1, outputTokens: 1, turns: 1, toolCalls: 1 },
  });
  const asking: Verdict = {
    effect: 'ask',
    ruleId: 'ask',
    layer: 'agent',
    reason: 'Money leaves the house.',
    risk: 'medium',
    allowedDecisions: ['approve', 'reject', 'edit', 'respond', 'request_changes'],
    approverRules: [ANYBODY],
    decideWithinMs: 3_600_000,
    executeWithinMs: 600_000,
    onExpire: 'deny',
    ...verdict,
  };
  const approval = await run.asks({ verdict: asking, factsRef, ...changes }, args);
  return {
    approval,
    run,
    decision: ({ decision, ...more }, key) => ({
      path: `${pathOf(approval)}/decisions`,
      body: { decision, digest: approval.digest, ...more },
      ...(key !== undefined && { key }),
    }),
    decided: (by, decision, status) => run.happens(decidedBy(approval, by, decision, status)),
  };
}

function decidedBy(
  { approvalId, revision, digest }: Approval,
  principal: string,
  decision: DecisionKind,
  status: 'approved' | 'superseded' | undefined,
): RunEvent {
  const actor = { principal, kind: 'person' as const, groups: [], credentialId: 'a'.repeat(16) };
  const signed = { actor, channel: 'api' as const, signatureId: `sig_${NOBODY}` };
  const data = { approvalId, revision, decisionId: `dec_${NOBODY}`, decision, digest, ...signed };
  const at = Date.now();
  if (status === undefined) return { type: 'approval.vote_recorded', at, data };
  const executeBy = status === 'approved' ? { executeBy: at + 600_000 } : {};
  return { type: 'approval.decided', at, data: { ...data, status, ...executeBy } };
}
