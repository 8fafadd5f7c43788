import { chmodSync, lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processStartTime } from '../../scripts/process-lock.mjs';

const prefix = 'countersign-test-';

/**
 * A temporary directory with our pid in its name. Others may pass through it but not look around: root's PostgreSQL,
 * which runs as another user, has its data below.
 */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  chmodSync(directory, 0o711);
  return directory;
}

/** Removes what test runs have left that were killed before they could. */
export function removeAbandonedDirectories(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : Number.NaN;
    if (!Number.isInteger(pid) || processStartTime(pid) !== undefined) continue;
    const directory = join(tmpdir(), name);
    const { uid } = lstatSync(directory, { throwIfNoEntry: false }) ?? {};
    if (uid === process.getuid?.()) rmSync(directory, { recursive: true, force: true });
  }
}
