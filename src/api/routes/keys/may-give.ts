/** Who may hold a key's secret in their hands: whoever makes or rotates a key sees it. */
import { MAX_MAKERS } from '../../../domain/schemas/actor.ts';
import type { Credential } from '../../../store/credentials.ts';
import type { Caller } from '../../dependencies.ts';
import { HttpProblem } from '../../http-problem.ts';

type Rights = Pick<Credential, 'kind' | 'roles' | 'groups' | 'projects'>;

/**
 * An administrator who is a person gives whatever there is in their tenant; a service only what it has itself, and to
 * services only: nobody becomes a person by way of a program.
 */
export function assertMayGive({ own, roles, projects }: Caller, wanted: Rights): void {
  if (own.kind === 'person') return;
  const isWithin =
    wanted.kind === 'service' &&
    wanted.roles.every((role) => roles.includes(role)) &&
    wanted.groups.every((group) => own.groups.includes(group)) &&
    wanted.projects.every((project) => projects.includes(project));
  if (!isWithin) throw new HttpProblem('not_yours_to_give');
}

/** Those of the hands that a key of this principal must remember. Throws where they are more than a signature names. */
export function makersOf(principal: string, hands: readonly string[]): string[] {
  const makers = [...new Set(hands)].filter((name) => name !== principal);
  if (makers.length > MAX_MAKERS) throw new HttpProblem('not_yours_to_give');
  return makers;
}
