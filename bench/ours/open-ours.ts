/** Countersign as `npm start` runs it: API and worker in one process, spoken to over HTTP. */
import { everyRate } from '../../src/platform/rates.ts';
import { createWorld } from '../../src/testing/world.ts';
import type { World } from '../../src/testing/world.ts';
import type { Services } from '../services.ts';
import type { Subject } from '../subject.ts';
import { ToolEntries } from '../tool-entries.ts';
import { benchAgent } from './agent.ts';
import { HttpClient } from './http-client.ts';
import { httpRuns } from './runs.ts';
import type { HttpRuns } from './runs.ts';

export interface Ours extends Subject, HttpRuns {
  readonly start: HttpRuns['start'];
  readonly world: World;
  readonly entries: ToolEntries;
  stop(): Promise<void>;
}

export const openOurs = async (
  services: Omit<Services, 'stop'>,
  options: { readonly maxCachedWorkflows?: number } = {},
): Promise<Ours> => {
  const entries = new ToolEntries();
  // One principal makes all the load here.
  const limits = { rates: everyRate(1e9) };
  const world = await createWorld({ services, agents: [benchAgent(entries)], limits, ...options });
  const client = new HttpClient(world.url);
  const { key } = await world.person('anna');
  const { tenant, project } = world.scope;
  return {
    name: 'ours',
    world,
    entries,
    ...httpRuns(client, entries, key),
    workflowIdOf: (runId) => `${tenant}/${project}/${runId}`,
    async stop() {
      client.close();
      await world[Symbol.asyncDispose]();
    },
  };
};
