/** What a credential says of its bearer, whatever its kind: everything after this asks the principal, not the credential. */
import type { Actor, Channel, Role } from '../../domain/schemas/actor.ts';
import type { Credential } from '../../store/credentials.ts';

export interface Identity {
  readonly tenant: string;
  /** The first one is meant where a request names none. */
  readonly projects: readonly string[];
  readonly principal: string;
  readonly kind: Actor['kind'];
  readonly roles: readonly Role[];
  readonly groups: readonly string[];
  readonly credentialId: string;
  readonly createdBy: string | null;
  readonly makers: readonly string[];
  /** The way that commands given with it come in. */
  readonly channel: Channel;
  /** When it ends by itself; null: never. */
  readonly endsAtMs: number | null;
  /** Set where a cookie brought it. */
  readonly sessionId?: string;
}

/** Who a credential speaks for. Its creator and the others who could know it are named where they are somebody else. */
export function actorOf({ principal, kind, groups, credentialId, createdBy, makers }: Identity): Actor {
  const others = makers.filter((maker) => maker !== principal && maker !== createdBy);
  return {
    principal,
    kind,
    groups: [...groups],
    credentialId,
    ...(createdBy !== null && createdBy !== principal && { createdBy }),
    ...(others.length > 0 && { makers: others }),
  };
}

export const identityOfKey = (key: Credential): Identity => ({
  tenant: key.tenant,
  projects: key.projects,
  principal: key.principal,
  kind: key.kind,
  roles: key.roles,
  groups: key.groups,
  credentialId: key.id,
  createdBy: key.createdBy,
  makers: key.makers,
  channel: key.channel,
  endsAtMs: key.expiresAt,
});

/** Everybody who could have done what this actor does: the actor, and whoever could know a secret of the credential. */
export const handsOf = ({ principal, createdBy, makers = [] }: Actor): string[] => [
  ...new Set([principal, ...(createdBy === undefined ? [] : [createdBy]), ...makers]),
];
