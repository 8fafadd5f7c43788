/**
 * A secret planted where tools get theirs from: it reaches the server it is for, and is nowhere else afterwards, however
 * the tool or the server gives it back. Not in a table, blobs included, an event, a log, Temporal's history, what the model
 * was sent or what the API answers.
 */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { CredentialRequest } from '../../src/adapters/credentials/credential-provider.ts';
import { agentDefinition, agentDigest } from '../../src/adapters/agents/define-agent.ts';
import { httpRequestTool } from '../../src/adapters/tools/http/http-request.ts';
import { ToolError, defineTool } from '../../src/adapters/tools/tool.ts';
import { workflowId } from '../../src/domain/core/ids.ts';
import { asksFor, asksForAll, says, testAgent } from '../../src/testing/index.ts';
import type { StartedRun, World } from '../../src/testing/index.ts';
import { testWorld } from '../support/world.ts';

const SECRET = 'canary-secret-8f3a/+"x';
const FORMS = [
  SECRET,
  'canary-secret-8f3a',
  encodeURIComponent(SECRET),
  Buffer.from(SECRET).toString('base64'),
  Buffer.from(SECRET).toString('hex'),
  // What base64 has in its middle, whatever stands before it.
  ...[0, 1, 2].map((offset) =>
    Buffer.from(' '.repeat(offset) + SECRET)
      .toString('base64')
      .slice(4, 24),
  ),
];

const input = z.strictObject({});
const nothing = { input, description: 'Test tool.', credential: 'github' };
const leaks = defineTool({
  ...nothing,
  name: 'leaks',
  execute: async (_, { credential = '' }) => ({
    [credential]: 'as a key',
    raw: `token ${credential}`,
    basic: Buffer.from(`anna:${credential}`).toString('base64'),
    nested: [{ url: `https://x.example/?t=${encodeURIComponent(credential)}`, json: JSON.stringify({ credential }) }],
  }),
});
const fails = defineTool({
  ...nothing,
  name: 'fails',
  execute: (_, { credential = '' }) => Promise.reject(new ToolError(`code_${credential}`, `denied: ${credential}`)),
});
const breaks = defineTool({
  ...nothing,
  name: 'breaks',
  execute: (_, { credential = '' }) => Promise.reject(new Error(`bug near ${credential}`)),
});

const logs: string[] = [];
const asked: CredentialRequest[] = [];
const heard: (string | undefined)[] = [];
let server: Server;
let world: World;
let run: StartedRun;
let places: Readonly<Record<string, string>>;

const textOf = (_: string, value: unknown): unknown => {
  const bytes = value as { type?: string; data?: number[] } | null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('utf8');
  return bytes?.type === 'Buffer' && bytes.data ? Buffer.from(bytes.data).toString('utf8') : value;
};

const everyTable = async (): Promise<string> => {
  const { rows: tables } = await world.store.pool.query<{ schema: string; name: string }>(
    `SELECT schemaname AS schema, tablename AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const dumps = tables.map(async ({ schema, name }) => {
    const { rows } = await world.store.pool.query<Record<string, unknown>>(`SELECT * FROM "${schema}"."${name}"`);
    return JSON.stringify(rows, textOf);
  });
  return (await Promise.all(dumps)).join('\n');
};

beforeAll(async () => {
  server = createServer((request, response) => {
    heard.push(request.headers.authorization);
    response.setHeader('etag', `"${request.headers.authorization}"`).end(`You are ${request.headers.authorization}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = httpRequestTool({ origins: [origin], credential: 'github' });
  const agent = testAgent({
    tools: [leaks, fails, breaks, http],
    policy: [{ id: 'free', match: '*', when: 'tool.name != "leaks"', effect: 'allow' }],
    script: [
      asksForAll([
        asksFor('leaks'),
        asksFor('fails'),
        asksFor('breaks'),
        asksFor('http_request', { url: `${origin}/me` }),
      ]),
      says('done'),
    ],
  });
  world = await testWorld({
    agents: [agent],
    allowedPrivateHosts: ['127.0.0.1'],
    credentials: {
      resolve: async (request) => {
        asked.push(request);
        return SECRET;
      },
    },
    logs: { write: (line) => logs.push(line) },
  });
  const anna = await world.person('anna');
  run = await anna.startRun({ agent: 'helper', input: 'go' });
  const approval = await run.pending();
  const { body: shown } = await anna.request('GET', approval.links.self);
  await run.decide(approval, 'approve');
  await run.settles();
  const connection = await Connection.connect({ address: world.temporalAddress });
  const handle = new Client({ connection }).workflow.getHandle(workflowId({ ...world.scope, runId: run.runId }));
  await handle.result();
  places = {
    history: JSON.stringify(await handle.fetchHistory(), textOf),
    tables: await everyTable(),
    logs: logs.join(),
    events: JSON.stringify(await run.events()),
    approvals: JSON.stringify(shown),
    run: JSON.stringify(await run.get()),
    openapi: await (await fetch(`${world.url}/openapi.json`)).text(),
  };
  await connection.close();
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  server?.closeAllConnections();
  server?.close();
});

test('S1.19 the secret reached the server it is for, resolved for who asked for the run', async () => {
  expect(await run.get()).toMatchObject({ status: 'completed' });
  expect(heard).toEqual([`Bearer ${SECRET}`]);
  expect(asked).toHaveLength(4);
  for (const request of asked)
    expect(request).toEqual({ tenant: 'acme', project: 'web', principal: 'anna', reference: 'github' });
});

test('the watch itself works: what replaced it, and its name, are there to be found', () => {
  expect(places['tables']).toContain('[credential github]');
  expect(places['tables']).toContain('credentialRef');
  expect(places['approvals']).toContain('"credential":"github"');
  expect(places['history']).toContain('runTool');
  expect(places['logs']).toContain('tool.execution_failed');
  expect(places['events']).toContain('tool.completed');
  expect(places['openapi']).toContain('/v1/runs');
});

test.each(['history', 'tables', 'logs', 'events', 'approvals', 'run', 'openapi'])(
  'S1.19 no form of the secret is in: %s',
  (place) => {
    for (const form of FORMS) expect(places[place]).not.toContain(form);
  },
);

test('S1.19 a grant is bound to the credential: another name makes another agent', () => {
  const digestWith = (credential: string): string => {
    const tool = defineTool({ ...nothing, name: 'refund', credential, execute: () => Promise.resolve({}) });
    return agentDigest(agentDefinition(testAgent({ script: [], tools: [tool] }), []));
  };
  expect(digestWith('github')).not.toBe(digestWith('github-admin'));
});
