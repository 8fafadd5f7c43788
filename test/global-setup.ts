import type { TestProject } from 'vitest/node';
import { loadConfig } from '../src/platform/config.ts';
import { startTestServices } from './support/services.ts';
import type { TestServices } from './support/services.ts';

declare module 'vitest' {
  // Merging an interface is how vitest learns the types of `inject`.
  export interface ProvidedContext extends TestServices {}
}

/** Runs once before the first test file of the project and, by what it returns, once after the last. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (loadConfig().testServices === 'none') return undefined;
  const { services, stop } = await startTestServices();
  project.provide('postgresUrl', services.postgresUrl);
  project.provide('templateDatabase', services.templateDatabase);
  project.provide('temporalAddress', services.temporalAddress);
  project.provide('temporalNamespace', services.temporalNamespace);
  project.provide('timeSkippingServer', services.timeSkippingServer);
  return stop;
}
