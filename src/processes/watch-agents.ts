/** Loads agents again when a file that they were loaded from changes. For development. */
import { createHash } from 'node:crypto';
import { readFileSync, watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import type { AgentSource } from '../adapters/agents/define-agent.ts';
import { beginLoading } from '../adapters/agents/import-module.ts';
import type { Loading } from '../adapters/agents/import-module.ts';
import { DefinitionError } from '../adapters/tools/definition-error.ts';
import type { Reload } from '../platform/reload-line.ts';

/** Editors write a file in several steps. */
const SETTLE_MS = 100;

export interface AgentWatchOptions {
  load(loading: Loading): Promise<readonly AgentSource[]>;
  /** Gives the names of agents that changed. */
  apply(agents: readonly AgentSource[]): Promise<readonly string[]>;
  tell(reload: Reload): void;
}

/** Watches what the first load has read, and after each further one what that has read, too. */
export function watchAgents(first: Loading, { load, apply, tell }: AgentWatchOptions): { stop(): void } {
  const files = new Set(first.files);
  const watchers = new Map<string, FSWatcher>();
  let seen = contentsOf(files);
  let count = 0;
  let timer: NodeJS.Timeout | undefined;
  let working: Promise<void> = Promise.resolve();

  const reload = async (): Promise<void> => {
    const now = contentsOf(files);
    if (now === seen) return;
    seen = now;
    const loading = beginLoading(String(++count));
    try {
      tell({ ok: true, agents: await apply(await load(loading)) });
    } catch (error) {
      // Whatever it is: the agents of before go on, and their author hears what is wrong.
      const faults =
        error instanceof DefinitionError ? error.faults : [error instanceof Error ? error.message : 'unknown'];
      tell({ ok: false, faults });
    }
    for (const file of loading.files) files.add(file);
    seen = contentsOf(files);
    watchDirectories();
  };
  const onChange = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void (working = working.then(reload)), SETTLE_MS);
  };
  // Directories, since editors put a new file in the place of the old one.
  const watchDirectories = (): void => {
    for (const directory of new Set([...files].map((file) => dirname(file)))) {
      if (!watchers.has(directory)) watchers.set(directory, watch(directory, { persistent: false }, onChange));
    }
  };
  watchDirectories();
  return {
    stop() {
      clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function contentsOf(files: ReadonlySet<string>): string {
  const hash = createHash('sha256');
  for (const file of [...files].toSorted()) hash.update(`${file}\0`).update(bytesOf(file)).update('\0');
  return hash.digest('hex');
}

/** One that is gone is a change like any other. */
function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch {
    return Buffer.from('gone');
  }
}
