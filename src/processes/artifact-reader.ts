/** The API shows what is in a run's workspace; only adapters touch files. */
import { openWorkspace } from '../adapters/workspace/workspace.ts';
import type { ArtifactReader } from '../api/dependencies.ts';
import type { Scope } from '../domain/schemas/names.ts';

export const artifactReader = (options: {
  readonly workspacesRoot: string;
  readonly forbidden: readonly string[];
}): ArtifactReader => {
  const open = (scope: Scope, runId: string) =>
    openWorkspace({ root: options.workspacesRoot, scope, runId, forbidden: options.forbidden });
  return {
    async list(scope, runId) {
      const workspace = await open(scope, runId);
      const receipts = await Promise.all((await workspace.list()).map((path) => workspace.receipt(path)));
      return receipts.flatMap((found) => (found.ok ? [found.receipt] : []));
    },
    async read(scope, runId, path) {
      const workspace = await open(scope, runId);
      const found = await workspace.receipt(path);
      if (!found.ok) return undefined;
      return { bytes: await workspace.read(path), sha256: found.receipt.sha256 };
    },
  };
};
