/** How people's words are guarded in this deployment: a YAML or JSON file, and what holds where there is none. */
import { isSupportedCountry } from 'libphonenumber-js';
import type { CountryCode } from 'libphonenumber-js';
import { z } from 'zod';
import { GuardAction, TextPlace } from '../domain/guards/guard.ts';
import { ConfigError } from './config-error.ts';
import type { Config } from './config.ts';
import { PolicyFileError, readYamlFile } from './policy-file.ts';

export const PiiKind = z.enum(['email', 'phone', 'card', 'iban', 'ip']);
export type PiiKind = z.infer<typeof PiiKind>;

const places = z.partialRecord(TextPlace, GuardAction).default({});

const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

/** What people wrote goes over no network unencrypted. */
const moderationUrl = z.string().refine((text) => {
  const url = URL.parse(text);
  if (!url || url.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname));
}, 'must be an https:// URL without user or password');

const Size = z.strictObject({
  action: GuardAction.default('block'),
  places,
  /** Characters. Without one there is only what the API takes at most. */
  limits: z.partialRecord(TextPlace, z.number().int().positive().max(1_048_576)).default({}),
});

const isCountry = (code: unknown): boolean => typeof code === 'string' && isSupportedCountry(code);

const Pii = z.strictObject({
  action: GuardAction.default('flag'),
  places,
  detect: z.array(PiiKind).min(1).default(PiiKind.options),
  /** Whose numbers are meant by telephone numbers without a country code, ISO 3166. */
  country: z.custom<CountryCode>(isCountry, 'must be a country code of two letters').optional(),
});

const Moderation = z.strictObject({
  url: moderationUrl,
  action: GuardAction.default('block'),
  places,
  onFailure: z.enum(['block', 'allow']).default('block'),
  timeoutMs: z.number().int().min(50).max(30_000).default(3_000),
});

/** Every part may be left out. */
export const GuardsConfig = z.strictObject({
  size: Size.prefault({}),
  pii: Pii.prefault({}),
  moderation: Moderation.optional(),
});
export type GuardsConfig = z.infer<typeof GuardsConfig>;

/** Throws a {@link ConfigError} that lists what is wrong with the file. */
export async function loadGuardsConfig(config: Pick<Config, 'guardsFile'>): Promise<GuardsConfig> {
  if (config.guardsFile === undefined) return GuardsConfig.parse({});
  const given = await readYamlFile(config.guardsFile).catch((error: unknown) => {
    if (!(error instanceof PolicyFileError)) throw error;
    throw new ConfigError([`COUNTERSIGN_GUARDS_FILE ${error.message}`]);
  });
  const { data, error } = GuardsConfig.safeParse(given ?? {});
  if (data) return data;
  throw new ConfigError(
    error.issues.map(({ path, message }) => `COUNTERSIGN_GUARDS_FILE ${path.join('.') || 'it'} ${message}`),
  );
}
