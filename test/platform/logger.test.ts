import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLogger } from '../../src/platform/logger.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function capture() {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line) => void lines.push(line) },
  });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

test('a line carries the event, the ids, the level and the service', () => {
  const { logger, last } = capture();
  logger.info({ runId: 'run_1' }, 'run.start_accepted');
  expect(last()).toMatchObject({ level: 'info', service: 'test', runId: 'run_1', event: 'run.start_accepted' });
  expect(Date.parse(String(last()['time']))).not.toBeNaN();
});

test('secrets and content are redacted at every level they occur at', () => {
  const { logger, lines } = capture();
  const planted = 'planted-canary';
  logger.info({ authorization: planted, password: planted, arguments: { path: planted } }, 'test.planted_top');
  logger.info(
    { request: { headers: { authorization: planted, cookie: planted, 'set-cookie': planted } } },
    'test.planted_deep',
  );
  logger.info(
    { provider: { apiKey: planted }, call: { arguments: { text: planted }, reason: planted } },
    'test.planted_nested',
  );
  expect(lines).toHaveLength(3);
  expect(lines.join('')).not.toContain(planted);
  expect(lines.join('')).toContain('[redacted]');
});

test('secrets inside texts are cut out', () => {
  const { logger, lines } = capture();
  logger.info({ note: 'key cs_k1abc_ABCdef-123_456' }, 'test.key_seen');
  logger.info({ url: 'postgres://app:hunter2@db:5432/x' }, 'test.url_seen');
  logger.info({ err: new Error('jwt eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl refused') }, 'test.error_seen');
  const text = lines.join('');
  expect(text).not.toMatch(/ABCdef|hunter2|c2lnbmF0dXJl/);
  expect(text).toContain('cs_k1abc_[redacted]');
  expect(text).toContain('postgres://app:[redacted]@db:5432/x');
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
});

test('errors are described without what drivers hang on them', () => {
  const { logger, last } = capture();
  const error = Object.assign(new Error('duplicate key', { cause: new Error('inner') }), {
    code: '23505',
    detail: 'Key (email)=(someone@example.com)',
    parameters: ['someone@example.com'],
  });
  logger.error({ err: error }, 'store.write_failed');
  expect(last()['err']).toMatchObject({
    type: 'Error',
    message: 'duplicate key',
    code: '23505',
    cause: { message: 'inner' },
  });
  expect(JSON.stringify(last())).not.toContain('someone@example.com');
});

test("a log file is its user's alone", () => {
  const file = join(temporaryDirectory(), 'logs', 'api.log');
  createLogger({ level: 'info', service: 'test', destination: file }).info({}, 'test.file_written');
  expect(readFileSync(file, 'utf8')).toContain('test.file_written');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
