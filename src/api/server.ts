/** Listens. Everything else about the API is in app.ts. */
import type { AddressInfo } from 'node:net';
import { buildApp } from './app.ts';
import type { ApiDependencies } from './dependencies.ts';

export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface ApiService {
  /** Where clients reach it. */
  readonly url: string;
  /** Ends streams so that their readers come back, lets requests finish, takes no new ones. */
  close(): Promise<void>;
}

/** Builds the API and serves it until it is closed. */
export async function serveApi(dependencies: ApiDependencies, { host, port }: ListenOptions): Promise<ApiService> {
  const app = await buildApp(dependencies);
  await app.listen({ host, port });
  const { port: boundPort } = app.server.address() as AddressInfo;
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${shownHost}:${boundPort}`, close: () => app.close() };
}
