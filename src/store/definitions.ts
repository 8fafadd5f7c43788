import { canonicalBytes } from '../domain/arguments/canonical-json.ts';
import { deepFreeze } from '../domain/arguments/deep-freeze.ts';
import type { JsonValue } from '../domain/arguments/json-value.ts';
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { Scope } from '../domain/schemas/names.ts';
import { execute } from './database.ts';
import type { Store } from './database.ts';

/** An agent with the definition that its new runs get. */
export interface CurrentAgent {
  readonly name: string;
  readonly digest: string;
  readonly definition: AgentDefinition;
}

const PUT = {
  name: 'put_definition_1',
  text: `WITH stored AS (
      INSERT INTO definitions (tenant, project, digest, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING)
    INSERT INTO agents AS a (tenant, project, name, digest) VALUES ($1, $2, $5, $3)
    ON CONFLICT (tenant, project, name) DO UPDATE SET digest = excluded.digest WHERE a.digest <> excluded.digest`,
};

/** Keeps a definition under its digest and makes it the agent's current one. Runs go on with the one they pinned. */
export async function putDefinition(
  store: Store,
  scope: Scope,
  definition: AgentDefinition,
  digest: string,
): Promise<void> {
  await execute(store, PUT, [scope.tenant, scope.project, digest, definitionBody(definition), definition.name]);
}

const GET = {
  name: 'get_definition_1',
  text: 'SELECT body FROM definitions WHERE tenant = $1 AND project = $2 AND digest = $3',
};

const KEEP = {
  name: 'keep_definition_1',
  text: 'INSERT INTO definitions (tenant, project, digest, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
};

/** Keeps a definition under its digest, for agents that other agents call: nobody starts it by its name. */
export async function keepDefinition(
  store: Store,
  scope: Scope,
  definition: AgentDefinition,
  digest: string,
): Promise<void> {
  await execute(store, KEEP, [scope.tenant, scope.project, digest, definitionBody(definition)]);
}

/** As it is stored. */
export const definitionBody = (definition: AgentDefinition): Buffer =>
  Buffer.from(canonicalBytes(definition as JsonValue));

/** The definition that a run has pinned. Frozen: readers share it. */
export async function getDefinition(store: Store, scope: Scope, digest: string): Promise<AgentDefinition | undefined> {
  const key = `${scope.tenant}/${scope.project}/${digest}`;
  const cached = store.definitionCache.get(key);
  if (cached !== undefined) return cached;
  const [row] = (await execute(store, GET, [scope.tenant, scope.project, digest])) as { body: Buffer }[];
  if (row === undefined) return undefined;
  const definition = definitionFrom(row.body);
  store.definitionCache.set(key, definition);
  return definition;
}

const CURRENT = {
  name: 'current_agents_1',
  text: `SELECT a.name, a.digest, d.body FROM agents a JOIN definitions d USING (tenant, project, digest)
    WHERE a.tenant = $1 AND a.project = $2 AND ($3::text IS NULL OR a.name = $3) ORDER BY a.name`,
};

export async function currentAgent(store: Store, scope: Scope, name: string): Promise<CurrentAgent | undefined> {
  return (await currentAgents(store, scope, name))[0];
}

/** All agents of a project, by name. */
export async function listAgents(store: Store, scope: Scope): Promise<CurrentAgent[]> {
  return currentAgents(store, scope, null);
}

/** Whether runs of it can begin: people start it, or an agent that they start calls it or hands its run to it, at any depth. */
export async function isKnownAgent(store: Store, scope: Scope, name: string): Promise<boolean> {
  const isCalledBy = async ({ tools, sequence = [] }: AgentDefinition): Promise<boolean> => {
    for (const { agentDigest } of [...tools, ...sequence]) {
      const called = agentDigest === undefined ? undefined : await getDefinition(store, scope, agentDigest);
      if (called && (called.name === name || (await isCalledBy(called)))) return true;
    }
    return false;
  };
  for (const agent of await listAgents(store, scope))
    if (agent.name === name || (await isCalledBy(agent.definition))) return true;
  return false;
}

async function currentAgents(store: Store, scope: Scope, name: string | null): Promise<CurrentAgent[]> {
  const rows = await execute(store, CURRENT, [scope.tenant, scope.project, name]);
  return (rows as { name: string; digest: string; body: Buffer }[]).map((row) => ({
    name: row.name,
    digest: row.digest,
    definition: definitionFrom(row.body),
  }));
}

/** Written by this program from a parsed definition. */
const definitionFrom = (body: Buffer): AgentDefinition =>
  deepFreeze(JSON.parse(body.toString('utf8')) as AgentDefinition);
