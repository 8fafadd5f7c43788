// Programs that are built or downloaded once and shared by every checkout of this user.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { waitForLock } from '../../../scripts/process-lock.mjs';
import type { Progress } from '../progress.ts';

export interface CachedProgram {
  readonly cacheDirectory: string;
  /** The folder it gets, with its version in the name. */
  readonly name: string;
  /** The file in that folder that is the program. */
  readonly file: string;
  readonly progress: Progress;
  /** Puts the program into an empty folder, or throws. Runs in one process at a time. */
  readonly install: (temporaryDirectory: string) => Promise<void>;
}

/** Where the program is, or will be once installed. */
export function cachedProgramPath(program: Pick<CachedProgram, 'cacheDirectory' | 'name' | 'file'>): string {
  return join(program.cacheDirectory, program.name, program.file);
}

/**
 * The path of a cached program, installed first if need be. It appears whole or not at all: it is made in a folder
 * beside and renamed; a second process waits and uses what the first has made.
 */
export async function cachedProgram(program: CachedProgram): Promise<string> {
  const path = cachedProgramPath(program);
  if (existsSync(path)) return path;
  const waiting: { end?: () => void } = {};
  const lock = await waitForLock(join(program.cacheDirectory, `${program.name}.lock`), {
    onWait: (holder) => {
      const step = program.progress.step(`Waiting for process ${holder.pid}, which is installing ${program.name}`);
      waiting.end = () => step.done();
    },
  });
  waiting.end?.();
  const temporary = join(program.cacheDirectory, `${program.name}.${process.pid}.tmp`);
  try {
    if (existsSync(path)) return path;
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    await program.install(temporary);
    // A folder without its program is what is left of one that somebody cleaned out by halves.
    rmSync(join(program.cacheDirectory, program.name), { recursive: true, force: true });
    renameSync(temporary, join(program.cacheDirectory, program.name));
    return path;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    lock.release();
  }
}
