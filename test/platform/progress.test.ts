import { expect, test, vi } from 'vitest';
import { quietProgress, streamProgress } from '../../src/platform/progress.ts';

function capture(isTTY: boolean) {
  const written: string[] = [];
  const progress = streamProgress({ isTTY, write: (text: string) => written.push(text) });
  return { progress, text: () => written.join('') };
}

test('a short step says nothing, a long one says what it waits for and how long it took', async () => {
  vi.useFakeTimers();
  try {
    const { progress, text } = capture(false);
    progress.step('Quick').done();
    expect(text()).toBe('');

    const step = progress.step('Building', { expectSeconds: 120, logFile: '/logs/build.log' });
    await vi.advanceTimersByTimeAsync(400);
    expect(text()).toBe('Building (about 2 min) …\n');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(text()).toContain('Building … 15 s');
    step.done();
    expect(text()).toContain('Building: done (20 s)\n');
  } finally {
    vi.useRealTimers();
  }
});

test('a failure names the reason and the log file, however fast it came', async () => {
  const { progress, text } = capture(false);
  const work = progress.during('Starting PostgreSQL', { logFile: '/logs/postgres.log' }, async () => {
    throw new Error('no space left\nFree some.');
  });
  await expect(work).rejects.toThrow('no space left');
  expect(text()).toContain('Starting PostgreSQL: failed');
  expect(text()).toContain('no space left\n  Free some.');
  expect(text()).toContain('/logs/postgres.log');
});

test('on a terminal the line is redrawn in place and ends as one line', async () => {
  vi.useFakeTimers();
  try {
    const { progress, text } = capture(true);
    const step = progress.step('Starting');
    await vi.advanceTimersByTimeAsync(3_000);
    step.done();
    expect(text()).toContain('\r\u001b[KStarting … 2');
    expect(text().endsWith('\r\u001b[KStarting: done (3 s)\n')).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});

test('quiet progress passes results and errors through', async () => {
  await expect(quietProgress().during('x', {}, async () => 7)).resolves.toBe(7);
  await expect(quietProgress().during('x', {}, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});
