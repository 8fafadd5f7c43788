/** What the claims of a verified token mean here. Fails closed: what is missing, malformed or too much is no identity. */
import type { z } from 'zod';
import { Role } from '../../domain/schemas/actor.ts';
import type { Channel } from '../../domain/schemas/actor.ts';
import { ScopeName } from '../../domain/schemas/names.ts';
import type { IssuerConfig } from './token-config.ts';

export interface TokenSubject {
  readonly tenant: string;
  readonly projects: readonly string[];
  readonly principal: string;
  readonly kind: 'person' | 'service';
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  readonly channel: Channel;
}

/** Which rule of the configuration the claims do not satisfy. */
export interface ClaimFault {
  readonly fault: 'principal' | 'email_not_verified' | 'tenant' | 'projects' | 'roles' | 'groups';
}

type Claims = Readonly<Record<string, unknown>>;

const MAX_PRINCIPAL = 200;
/** More would not fit what is signed; to cut some off could loosen a rule that asks because of them. */
const MAX_GROUPS = 100;
const MAX_GROUP = 100;
const MAX_PROJECTS = 100;

export function readClaims(config: IssuerConfig, claims: Claims): TokenSubject | ClaimFault {
  const principal = principalOf(config.principal, claims);
  if (typeof principal !== 'string') return principal;
  const tenant = tenantOf(config.tenant, claims);
  if (tenant === undefined) return { fault: 'tenant' };
  const projects = namesOf(config.projects, claims);
  const areProjects = projects?.every((name) => ScopeName.safeParse(name).success) ?? false;
  if (!projects || projects.length === 0 || projects.length > MAX_PROJECTS || !areProjects)
    return { fault: 'projects' };
  // What no map names is no role: whoever administers the provider does not make up new ones here.
  const roles = namesOf(config.roles, claims, { onlyMapped: true });
  if (!roles || roles.length === 0) return { fault: 'roles' };
  const groups = namesOf(config.groups, claims);
  if (!groups || groups.length > MAX_GROUPS || groups.some((name) => name.length > MAX_GROUP))
    return { fault: 'groups' };
  const { channel } = config;
  return {
    tenant,
    projects,
    principal,
    kind: kindOf(config.kind, claims),
    roles: Role.array().parse(roles),
    groups,
    channel,
  };
}

/** One person is one principal: the same letters, however they are written. */
function principalOf(config: IssuerConfig['principal'], claims: Claims): string | ClaimFault {
  const value = claimOf(claims, config.claim);
  if (typeof value !== 'string' || value.trim() === '') return { fault: 'principal' };
  // Anybody can claim an address that nobody has checked.
  const isMail = config.claim === 'email';
  if (isMail && claims['email_verified'] !== true) return { fault: 'email_not_verified' };
  const ignoresCase = config.ignoreCase ?? isMail;
  const fold = (text: string) => (ignoresCase ? text.normalize('NFC').toLowerCase() : text.normalize('NFC'));
  const named = new Map(Object.entries(config.map).map(([from, to]) => [fold(from), to]));
  const principal = named.get(fold(value)) ?? `${config.prefix}${fold(value)}`;
  return principal.length > MAX_PRINCIPAL ? { fault: 'principal' } : principal;
}

function tenantOf(config: IssuerConfig['tenant'], claims: Claims): string | undefined {
  if ('value' in config) return config.value;
  const value = claimOf(claims, config.claim);
  if (typeof value !== 'string') return undefined;
  const mapped = new Map(Object.entries(config.map ?? {})).get(value);
  return mapped ?? (config.onlyMapped ? undefined : ScopeName.safeParse(value).data);
}

const kindOf = (config: IssuerConfig['kind'], claims: Claims): TokenSubject['kind'] => {
  if (typeof config === 'string') return config;
  const value = claimOf(claims, config.claim);
  return typeof value === 'string' && config.persons.includes(value) ? 'person' : 'service';
};

interface Several {
  readonly always?: readonly z.core.output<z.ZodString>[] | undefined;
  readonly claim?: string | undefined;
  readonly map?: Readonly<Record<string, readonly string[]>> | undefined;
}

/** Undefined where the claim is neither text nor a list of it. A claim that is not there names nothing. */
function namesOf(
  { always = [], claim, map }: Several,
  claims: Claims,
  { onlyMapped = false } = {},
): string[] | undefined {
  const values = claim === undefined ? [] : valuesOf(claimOf(claims, claim));
  if (!values) return undefined;
  const known = new Map(Object.entries(map ?? {}));
  const unmapped = (value: string) => (onlyMapped || map !== undefined ? [] : [value]);
  return [...new Set([...always, ...values.flatMap((value) => known.get(value) ?? unmapped(value))])];
}

function valuesOf(value: unknown): string[] | undefined {
  if (value === undefined) return [];
  if (typeof value === 'string') return value.split(' ').filter((part) => part !== '');
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;
}

/** A claim of the whole name first: names with dots in them are common (`https://example.com/groups`). */
function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value;
}
