// An agent of classic execution, and a driver that never gets on with its runs.
import type { ClassicRuns } from '../../src/api/dependencies.ts';
import { AgentDefinition } from '../../src/domain/schemas/agent.ts';
import { putDefinition } from '../../src/store/definitions.ts';
import { scope } from './api-world.ts';
import type { ApiWorld } from './api-world.ts';
import { agentDigestOf, testDefinition } from './definition.ts';

export const QUICK = 'quick';

export async function putQuick(world: ApiWorld): Promise<void> {
  const limits = { requestTimeoutMs: 60_000 };
  const definition = AgentDefinition.parse({ ...testDefinition(), name: QUICK, execution: 'classic', limits });
  await putDefinition(world.store, scope, definition, agentDigestOf(definition));
}

export const IDLE_DRIVER: ClassicRuns = { driverId: 'idle', begin: () => undefined, look: () => undefined };
