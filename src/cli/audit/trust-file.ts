/** Which keys an auditor trusts: named by them, or those of the installation that this checkout runs. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustAnchors } from '../../contract/audit.ts';
import type { Trust } from '../../domain/core/attestation.ts';
import { loadClientEnvironment } from '../../platform/environment/client-environment.ts';
import { stateDirectory } from '../../platform/state-directory.ts';
import { verifySignature } from '../../platform/verify-signature.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { projectHome } from '../project-root.ts';

const HOW = '`countersign audit trust --out trust.json` fetches them; fetch them once, and keep them.';

const read = async (path: string): Promise<TrustAnchors | undefined> => {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return TrustAnchors.parse(JSON.parse(text));
  } catch {
    throw new CliError(EXIT.usage, `${path} is no file of trust anchors.`, HOW);
  }
};

/** Throws a CliError where nobody says which keys to trust. */
export async function loadTrust(path: string | undefined): Promise<Trust> {
  const environment = loadClientEnvironment();
  const directory = environment.stateDirectory ?? stateDirectory(projectHome(), environment.stateHome);
  const found = await read(path ?? join(directory, 'trust.json'));
  if (found) return { ...found, verify: verifySignature };
  const missing =
    path === undefined ? 'No trust anchors are known here: name them with --trust' : `${path} cannot be read`;
  throw new CliError(EXIT.usage, `${missing}, or check the chain alone with --chain-only.`, HOW);
}
