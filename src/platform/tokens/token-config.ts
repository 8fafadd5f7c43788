/** Which tokens of which identity providers are believed, and what their claims mean here. */
import { z } from 'zod';
import { Channel, Role } from '../../domain/schemas/actor.ts';
import { ScopeName } from '../../domain/schemas/names.ts';

/** Signed with a key that only the issuer has. What is signed with a shared secret could be made by whoever checks it. */
export const TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];
const isSafeUrl = (text: string): boolean => {
  const url = URL.parse(text);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.includes(url.hostname));
};

/** Names a claim; `realm_access.roles` goes into an object, unless there is a claim of the whole name. */
const ClaimName = z.string().min(1).max(200);

const Text = z.string().min(1).max(200);

/** Text, always the same or out of a claim. What `map` does not name is as it is, unless `onlyMapped`. */
const OneOf = <T extends z.ZodType>(value: T) =>
  z.union([
    z.strictObject({ value }),
    z.strictObject({
      claim: ClaimName,
      map: z.record(z.string(), value).optional(),
      onlyMapped: z.boolean().default(false),
    }),
  ]);

/** Names, always the same ones or out of a claim, which may be a list or text with spaces. */
const Several = <T extends z.ZodType>(value: T) =>
  z
    .strictObject({
      always: z.array(value).optional(),
      claim: ClaimName.optional(),
      map: z.record(z.string(), z.array(value)).optional(),
    })
    .refine(({ map, claim }) => map === undefined || claim !== undefined, 'has a map and names no claim');

const Principal = z.strictObject({
  claim: ClaimName.default('sub'),
  /** Keeps apart what different issuers call the same. */
  prefix: z.string().max(100).default(''),
  /** Whom a value means, where that is somebody known by another name: by their API keys, or by another issuer. */
  map: z.record(z.string(), Text).default({}),
  /** Capitals make no other person. Mail addresses are read so. */
  ignoreCase: z.boolean().optional(),
});

const Issuer = z.strictObject({
  issuer: z.string().min(1).max(500),
  audience: z.union([Text, z.array(Text).min(1).max(20)]),
  jwksUrl: z.string().refine(isSafeUrl, 'must be an https:// URL (http:// on the loopback interface only)'),
  algorithms: z.array(z.enum(TOKEN_ALGORITHMS)).min(1).default(['RS256', 'ES256', 'EdDSA']),
  /** `typ` of the header, such as `at+jwt`. */
  tokenType: Text.optional(),
  clockToleranceSeconds: z.number().int().min(0).max(300).default(30),
  /** Tokens that were made longer ago than this are refused, whatever they say of themselves. */
  maxAgeSeconds: z.number().int().min(1).max(604_800).optional(),
  principal: Principal.prefault({}),
  /** `claim`: a person only where its value is among `persons`. Whoever is no person is a service and never decides. */
  kind: z.union([
    z.enum(['person', 'service']),
    z.strictObject({ claim: ClaimName, persons: z.array(z.string()).min(1) }),
  ]),
  tenant: OneOf(ScopeName),
  projects: Several(ScopeName),
  /** Only values that `map` names become roles. */
  roles: Several(Role).refine(
    ({ claim, map }) => claim === undefined || map !== undefined,
    'needs a map for its claim',
  ),
  groups: Several(z.string().min(1).max(100)).default({}),
  channel: Channel.extract(['api', 'cli']).default('api'),
});
export type IssuerConfig = z.infer<typeof Issuer>;

export const TokenConfig = z
  .strictObject({ issuers: z.array(Issuer).min(1).max(20) })
  .refine(({ issuers }) => new Set(issuers.map(({ issuer }) => issuer)).size === issuers.length, {
    path: ['issuers'],
    message: 'names an issuer twice',
  });
export type TokenConfig = z.infer<typeof TokenConfig>;
