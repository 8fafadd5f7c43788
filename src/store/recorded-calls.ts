/** Calls as the model step judged them, across runs: what a new policy is tried on. */
import { z } from 'zod';
import { pathOf } from '../domain/core/sub-runs.ts';
import { StartCommand } from '../domain/schemas/command.ts';
import { JudgedCall } from '../domain/schemas/event.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';
import { storableText } from './storable-text.ts';

export interface RecordedTurn {
  readonly runId: string;
  readonly agent: string;
  /** Agents from the root to this run. */
  readonly path: readonly string[];
  readonly agentDigest: string;
  readonly requester: { readonly principal: string; readonly groups: readonly string[] };
  readonly calls: readonly JudgedCall[];
}

const READ = {
  name: 'recorded_turns_2',
  text: `SELECT r.run_id, r.agent, r.agent_digest, r.requester, r.requester_groups, r.start_bytes, e.body
    FROM runs r JOIN run_events e ON e.run_id = r.run_id AND e.type = 'message.completed'
    WHERE r.tenant = $1 AND r.project = $2 AND r.created_at >= $3::bigint AND ($4::text IS NULL OR r.agent = $4)
    ORDER BY r.created_at DESC, r.run_id DESC, e.seq DESC LIMIT $5`,
};

interface Row {
  readonly run_id: string;
  readonly agent: string;
  readonly agent_digest: string;
  readonly requester: string;
  readonly requester_groups: string[];
  readonly start_bytes: string;
  readonly body: Buffer;
}

const Body = z.object({ data: z.object({ calls: z.array(JudgedCall) }) });

/** Turns of runs started since, of the newest runs first. */
export async function readRecordedTurns(
  store: Store,
  scope: Scope,
  filter: { readonly sinceMs: number; readonly agent?: string; readonly limit: number },
): Promise<RecordedTurn[]> {
  const { sinceMs, agent, limit } = filter;
  const of = agent === undefined ? null : storableText(agent);
  const rows = (await execute(store, READ, [scope.tenant, scope.project, sinceMs, of, limit])) as Row[];
  return rows.map((row) => ({
    runId: row.run_id,
    agent: row.agent,
    path: pathOf(StartCommand.parse(JSON.parse(row.start_bytes))),
    agentDigest: row.agent_digest,
    requester: { principal: row.requester, groups: row.requester_groups },
    calls: Body.parse(JSON.parse(row.body.toString('utf8'))).data.calls,
  }));
}
