/** A workspace that is opened, and its directories made, when a tool first touches a file. Most tools never do. */
import type { Workspace } from './workspace.ts';

export const lazyWorkspace = (open: () => Promise<Workspace>): Workspace => {
  let opened: Promise<Workspace> | undefined;
  const workspace = (): Promise<Workspace> => (opened ??= open());
  return {
    read: async (path) => (await workspace()).read(path),
    write: async (path, content) => (await workspace()).write(path, content),
    receipt: async (path) => (await workspace()).receipt(path),
    list: async () => (await workspace()).list(),
    directory: async () => (await workspace()).directory(),
  };
};
