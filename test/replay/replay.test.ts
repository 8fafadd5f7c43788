/**
 * Recorded histories against today's workflow code: a change that a parked run could not follow fails here. Add a
 * recording with every patch; never re-record to make a failure go away.
 */
import { readFile, readdir } from 'node:fs/promises';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { workflowBundle } from '../../src/worker/bundle.ts';

const FOLDER = new URL('histories/', import.meta.url);
const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.json'));

const recorded = async (name: string) => historyFromJSON(JSON.parse(await readFile(new URL(name, FOLDER), 'utf8')));
const workflowIdOf = (name: string): string =>
  `acme/web/${name.replace(/^[a-z-]+\.(run_[a-z2-7]+(?:\.[a-z2-7]+)?)\.json$/, '$1')}`;

test('there are recordings', () => {
  expect(names.length).toBeGreaterThanOrEqual(4);
});

test.each(names)('B17 a run recorded as %s goes on under today’s code', async (name) => {
  const replay = Worker.runReplayHistory(
    { workflowBundle: await workflowBundle() },
    await recorded(name),
    workflowIdOf(name),
  );
  await expect(replay).resolves.toBeUndefined();
});

test('a history that the code would not have made is noticed', async () => {
  const name = names[0];
  if (!name) throw new Error('A recording is needed.');
  const history = await recorded(name);
  const scheduled = history.events?.find((event) => event.activityTaskScheduledEventAttributes);
  const attributes = scheduled?.activityTaskScheduledEventAttributes;
  if (!attributes) throw new Error('The recording schedules no step.');
  attributes.activityType = { name: 'anotherStep' };
  await expect(
    Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history, workflowIdOf(name)),
  ).rejects.toThrow(/nondetermin/i);
});
