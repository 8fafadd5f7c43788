/** The file that says which tokens are believed: JSON or YAML. */
import { ConfigError } from '../config-error.ts';
import { PolicyFileError, readYamlFile } from '../policy-file.ts';
import { TokenConfig } from './token-config.ts';

const VARIABLE = 'COUNTERSIGN_JWT_FILE';

/** Throws a {@link ConfigError} that lists every fault with its place. Nothing of the file is repeated but names. */
export async function readTokenConfig(path: string): Promise<TokenConfig> {
  const content = await readYamlFile(path).catch((error: unknown) => {
    if (!(error instanceof PolicyFileError)) throw error;
    throw new ConfigError([`${VARIABLE} ${error.message}`]);
  });
  const parsed = TokenConfig.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new ConfigError(
    parsed.error.issues.map(({ path: place, message }) => `${VARIABLE} ${place.map(String).join('.')}: ${message}`),
  );
}
