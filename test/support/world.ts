/** Worlds on the services that the test run has started. */
import { inject } from 'vitest';
import { createWorld } from '../../src/testing/world.ts';
import type { World, WorldOptions } from '../../src/testing/world.ts';
import { createTimeSkippingEnvironment } from './time-skipping.ts';

export const testWorld = (options: Omit<WorldOptions, 'services'>): Promise<World> =>
  createWorld({
    ...options,
    services: {
      postgresUrl: inject('postgresUrl'),
      templateDatabase: inject('templateDatabase'),
      temporalAddress: inject('temporalAddress'),
      timeSkipping: createTimeSkippingEnvironment,
    },
  });
