import type { CredentialProvider } from './credential-provider.ts';

/** One for everybody: `github` is the variable `COUNTERSIGN_CREDENTIAL_GITHUB`, `my-api` `COUNTERSIGN_CREDENTIAL_MY_API`. */
export const environmentCredentials = (values: ReadonlyMap<string, string>): CredentialProvider => ({
  resolve: ({ reference }) => Promise.resolve(values.get(reference.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_'))),
});
