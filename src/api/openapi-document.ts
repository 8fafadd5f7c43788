/** The contract as an OpenAPI document, without serving anything. Run as a program it writes docs/reference/openapi.json. */
import { writeFile } from 'node:fs/promises';
import { pino } from 'pino';
import { buildApp } from './app.ts';
import type { ApiDependencies } from './dependencies.ts';

export const OPENAPI_FILE = new URL('../../docs/reference/openapi.json', import.meta.url);

/** The document as it is committed: indented, keys in the order of the routes. */
export async function openApiDocument(): Promise<string> {
  // No request is ever made, so nothing behind the routes is ever asked.
  const untouched = new Proxy({}, { get: () => () => untouched }) as never;
  const dependencies: ApiDependencies = {
    store: untouched,
    feed: untouched,
    gateway: untouched,
    signer: untouched,
    clock: untouched,
    artifacts: untouched,
    guards: [],
    logger: pino({ level: 'silent' }),
    allowedHosts: [],
    version: '1',
  };
  const app = await buildApp(dependencies);
  await app.ready();
  return `${JSON.stringify(app.swagger(), null, 2)}\n`;
}

if (import.meta.main) await writeFile(OPENAPI_FILE, await openApiDocument());
