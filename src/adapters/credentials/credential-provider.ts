/** Where the secrets are that tools use. Agents, runs and records know them by a name alone. */

/** Which secret, and for whom: a provider may have one for each person. */
export interface CredentialRequest {
  readonly tenant: string;
  readonly project: string;
  /** Who asked for the run. */
  readonly principal: string;
  readonly reference: string;
}

export interface CredentialProvider {
  /** Undefined where there is none for this request. Throws where the provider does not answer: the gate asks again. */
  resolve(request: CredentialRequest, signal: AbortSignal): Promise<string | undefined>;
}

/** A secret on its way to one call of a tool. */
export interface ResolvedCredential {
  readonly reference: string;
  readonly value: string;
}

/** Shorter ones would be found in innocent text, and are guessed anyway. */
export const MIN_CREDENTIAL_LENGTH = 8;
export const MAX_CREDENTIAL_LENGTH = 16_384;

export const isUsable = (value: string): boolean =>
  value.length >= MIN_CREDENTIAL_LENGTH && value.length <= MAX_CREDENTIAL_LENGTH;
