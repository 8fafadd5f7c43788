import { constants, open } from 'node:fs/promises';
import type { CheckpointSink } from './checkpoint-sink.ts';

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;

/** Appends lines to a file, on the disk when it returns. Best on a volume that only takes additions. */
export const fileSink = (path: string): CheckpointSink => ({
  name: `file:${path}`,
  async write(checkpoint) {
    const file = await open(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_WRONLY, 0o600);
    try {
      // One write: lines of two processes never mix.
      await file.appendFile(`${checkpoint}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
  },
});
