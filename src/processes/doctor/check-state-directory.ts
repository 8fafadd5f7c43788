import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Check } from '../../contract/check-up.ts';

const subject = 'state directory';
const OTHERS = 0o077;

const modeOf = async (path: string): Promise<number | undefined> =>
  stat(path).then(
    ({ mode }) => mode,
    () => undefined,
  );

/** Keys are there, and nobody else reads them. A worker needs the public ones only. */
export async function checkStateDirectory(directory: string | undefined): Promise<readonly Check[]> {
  if (directory === undefined)
    return [{ subject, status: 'skipped', detail: 'COUNTERSIGN_STATE_DIRECTORY is not set: `npm start` has its own' }];
  const [own, trust, keys] = await Promise.all([
    modeOf(directory),
    modeOf(join(directory, 'trust.json')),
    modeOf(join(directory, 'signing-keys.json')),
  ]);
  if (own === undefined || trust === undefined) {
    const detail = own === undefined ? `${directory} is not there` : `${directory} has no keys`;
    return [{ subject, status: 'failed', detail, next: 'Run `countersign migrate`, or mount the one of the API.' }];
  }
  const open = [
    ...((own & OTHERS) === 0 ? [] : [directory]),
    ...(keys === undefined || (keys & OTHERS) === 0 ? [] : [join(directory, 'signing-keys.json')]),
  ];
  if (open.length > 0) {
    const detail = `others may read ${open.join(' and ')}`;
    return [{ subject, status: 'failed', detail, next: `chmod go-rwx ${open.join(' ')}` }];
  }
  const detail = keys === undefined ? 'public keys: for workers' : 'signing keys, for the API and workers';
  return [{ subject, status: 'ok', detail }];
}
