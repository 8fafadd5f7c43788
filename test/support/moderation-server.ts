// A moderation service on this machine, as good or as bad as a test wants it.
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Asked {
  readonly authorization: string | undefined;
  readonly texts: readonly { readonly place: string; readonly text: string }[];
}

export interface ModerationServer extends AsyncDisposable {
  readonly url: string;
  /** What it was asked, in order. */
  readonly asked: Asked[];
  answers: (asked: Asked, response: ServerResponse) => void;
}

const send = (response: ServerResponse, body: string, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
};

/** Finds a word in each text, and says what it is; with `spans`, where it is. */
export const finds =
  (word: string, { spans = false } = {}): ModerationServer['answers'] =>
  ({ texts }, response) => {
    const findings = (text: string) => {
      const start = text.indexOf(word);
      if (start < 0) return [];
      const from = [...text.slice(0, start)].length;
      return [{ code: 'harassment', ...(spans && { start: from, end: from + [...word].length }), score: 0.9 }];
    };
    send(response, JSON.stringify({ v: 1, texts: texts.map(({ text }) => ({ findings: findings(text) })) }));
  };

export const failures: Record<string, ModerationServer['answers']> = {
  'never answers': () => {},
  'answers halfway': (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).write('{"texts":[');
  },
  'cuts the connection': (_, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('{"texts":[');
    setImmediate(() => response.destroy());
  },
  'says no JSON': (_, response) => send(response, '<html>'),
  'says other JSON': (_, response) => send(response, '{"flagged":false}'),
  'forgets a text': (_, response) => send(response, '{"texts":[]}'),
  'names a place that is not there': ({ texts }, response) =>
    send(response, JSON.stringify({ texts: texts.map(() => ({ findings: [{ code: 'a', start: 0, end: 100_000 }] })) })),
  'names what was written': ({ texts }, response) =>
    send(response, JSON.stringify({ texts: texts.map(({ text }) => ({ findings: [{ code: text }] })) })),
  'says too much': (_, response) => send(response, `{"texts":[${' '.repeat(2_000_000)}]}`),
  'is broken': (_, response) => send(response, '{}', 500),
  'sends elsewhere': (_, response) => void response.writeHead(307, { location: 'http://127.0.0.1:9/' }).end(),
};

export async function startModeration(): Promise<ModerationServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { texts } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Pick<Asked, 'texts'>;
      const one = { authorization: request.headers.authorization, texts };
      asked.push(one);
      service.answers(one, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const service: ModerationServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/check`,
    asked,
    answers: finds('\u0000'),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
  return service;
}
