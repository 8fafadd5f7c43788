import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { httpSink } from '../../../src/adapters/sinks/http-sink.ts';
import { openSink } from '../../../src/adapters/sinks/open-sink.ts';
import { createGuardedFetch } from '../../../src/platform/outgoing/guarded-fetch.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const fetch = createGuardedFetch(['127.0.0.1']);

describe('file sink', () => {
  test('appends lines to a file of its own', async () => {
    const path = join(temporaryDirectory(), 'checkpoints.jws');
    const sink = openSink(`file:${path}`, fetch);
    await Promise.all(['one', 'two', 'three'].map((text) => sink.write(text)));
    await openSink(`file://${path}`, fetch).write('four');
    expect(readFileSync(path, 'utf8').trimEnd().split('\n').toSorted()).toEqual(['four', 'one', 'three', 'two']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('follows no link to another file', async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, 'victim'), 'kept');
    symlinkSync(join(directory, 'victim'), join(directory, 'link'));
    await expect(openSink(`file:${join(directory, 'link')}`, fetch).write('evil')).rejects.toThrow('ELOOP');
    expect(readFileSync(join(directory, 'victim'), 'utf8')).toBe('kept');
  });
});

interface Received {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers each request with the next status; `hang`: not at all. */
const collector = async (...answers: readonly (number | 'hang')[]) => {
  const received: Received[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const answer = answers[received.length] ?? 204;
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      if (answer !== 'hang') response.writeHead(answer).end();
    });
    received.push({
      headers: request.headers,
      get body() {
        return body;
      },
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    received,
    url: (credentials = '') => `http://${credentials}127.0.0.1:${port}/checkpoints?place=1`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

const FAST = { fetch, timeoutMs: 200, retryAfterMs: [1, 1, 1] };

describe('HTTP sink', () => {
  test('posts the JWS; credentials of the URL are sent as such and never named', async () => {
    await using server = await collector();
    const sink = httpSink(server.url('auditor:s%3Acret@'), FAST);
    await sink.write('a.b.c');
    const [request] = server.received;
    expect(request?.body).toBe('a.b.c');
    expect(request?.headers).toMatchObject({
      'content-type': 'application/jose',
      authorization: `Basic ${Buffer.from('auditor:s:cret').toString('base64')}`,
    });
    expect(sink.name).not.toMatch(/cret|auditor|place/);
  });

  test('tries again while the receiver cannot take it, or says nothing', async () => {
    await using server = await collector(503, 'hang', 429);
    await httpSink(server.url(), FAST).write('a.b.c');
    expect(server.received.map(({ body }) => body)).toEqual(['a.b.c', 'a.b.c', 'a.b.c', 'a.b.c']);
  });

  test('goes into no private network that is not allowed, and does not try again', async () => {
    await using server = await collector();
    const sink = httpSink(server.url(), { ...FAST, fetch: createGuardedFetch([]) });
    await expect(sink.write('a.b.c')).rejects.toThrow('COUNTERSIGN_ALLOWED_PRIVATE_HOSTS can allow it, attempt 1');
    expect(server.received).toEqual([]);
  });

  test('gives up after the last attempt', async () => {
    await using server = await collector(500, 500, 500, 500, 204);
    await expect(httpSink(server.url(), FAST).write('a.b.c')).rejects.toThrow('HTTP 500, attempt 4');
    expect(server.received).toHaveLength(4);
  });

  test('does not repeat what was refused, and follows nobody elsewhere', async () => {
    await using server = await collector(403, 302, 302, 302, 302);
    await expect(httpSink(server.url(), FAST).write('a.b.c')).rejects.toThrow('HTTP 403, attempt 1');
    await expect(httpSink(server.url(), FAST).write('a.b.c')).rejects.toThrow('did not take');
  });
});
