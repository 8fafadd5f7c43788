/** Which role may do what, and to whose objects: one table. Services of the API never decide this themselves. */
import type { Action } from './actions.ts';
import { Role } from './schemas/actor.ts';

export type { Action } from './actions.ts';

/**
 * `own`: what the principal is the requester (or giver) of. `project`: all of the project. `tenant`: what spans the
 * tenant's projects, too.
 */
export type Reach = 'own' | 'project' | 'tenant';

const WIDEST_FIRST = ['tenant', 'project', 'own'] as const satisfies readonly Reach[];

type Grants = Partial<Record<Action, Reach>>;

const reading: Grants = {
  'agent.read': 'project',
  'run.read': 'project',
  'run.approval.read': 'project',
  'brake.read': 'project',
  'grant.read': 'project',
  'policy.read': 'project',
};

const operating: Grants = {
  'worker.read': 'project',
  'run.cancel': 'project',
  'run.block': 'project',
  'run.unblock': 'project',
  'run.message': 'project',
  'run.resolve': 'project',
  'run.approval.claim': 'project',
  'run.approval.extend': 'project',
  'run.approval.force': 'project',
  'grant.create': 'project',
  'grant.revoke': 'project',
  'delegation.read': 'project',
  'delegation.end': 'project',
  'policy.simulate': 'project',
};

/** What everybody may do with the credentials of their own principal. */
const withOwnCredentials: Grants = {
  'key.read': 'own',
  'key.rotate': 'own',
  'key.revoke': 'own',
  'session.start': 'own',
  'session.read': 'own',
  'session.end': 'own',
};

/**
 * No role decides for its own sake but `approver`: an admin or operator who shall decide is made one too. Which approver
 * may decide which approval is up to its policy rule. Who asks for a run may speak to it and
 * stop it, but not let it go on.
 */
export const GRANTS: Readonly<Record<Role, Grants>> = {
  requester: {
    ...withOwnCredentials,
    'agent.read': 'project',
    'run.start': 'own',
    'run.read': 'own',
    'run.cancel': 'own',
    'run.block': 'own',
    'run.message': 'own',
    'run.approval.read': 'own',
    'run.question.answer': 'own',
    'brake.read': 'project',
    'grant.read': 'own',
  },
  broker: {
    ...withOwnCredentials,
    'agent.read': 'project',
    'run.start': 'own',
    'run.start_for': 'project',
    'run.read': 'own',
    'run.cancel': 'own',
    'run.block': 'own',
    'run.approval.read': 'own',
    'brake.read': 'project',
  },
  approver: {
    ...reading,
    ...withOwnCredentials,
    'run.approval.decide': 'project',
    'run.approval.claim': 'project',
    'run.approval.extend': 'project',
    'run.question.answer': 'project',
    'delegation.read': 'own',
    'delegation.create': 'own',
    'delegation.end': 'own',
  },
  operator: {
    ...reading,
    ...operating,
    ...withOwnCredentials,
    'brake.set': 'project',
    'brake.release': 'project',
    'brake.bypass': 'project',
  },
  auditor: {
    ...reading,
    ...withOwnCredentials,
    'delegation.read': 'project',
    'policy.simulate': 'project',
    'worker.read': 'project',
    'audit.read': 'tenant',
  },
  admin: {
    ...reading,
    ...operating,
    ...withOwnCredentials,
    'run.start': 'own',
    'brake.set': 'tenant',
    'brake.release': 'tenant',
    'brake.bypass': 'tenant',
    'policy.write': 'tenant',
    'audit.read': 'tenant',
    'key.read': 'tenant',
    'key.create': 'tenant',
    'key.rotate': 'tenant',
    'key.revoke': 'tenant',
  },
  worker: { ...withOwnCredentials, 'run.call.carry_out': 'project' },
};

/** What loosens something, gives consent or speaks for a person: a person answers for it, whatever roles a service has. */
const PEOPLE_ONLY: ReadonlySet<Action> = new Set<Action>([
  'run.unblock',
  'run.message',
  'run.resolve',
  'run.approval.decide',
  'run.approval.claim',
  'run.approval.extend',
  'run.approval.force',
  'run.question.answer',
  'brake.release',
  'brake.bypass',
  'grant.create',
  'delegation.create',
  'session.start',
]);

export const isForPeople = (action: Action): boolean => PEOPLE_ONLY.has(action);

/** What a person has no business doing: they would speak in another's name. */
const SERVICES_ONLY: ReadonlySet<Action> = new Set<Action>(['run.start_for']);

export const isForServices = (action: Action): boolean => SERVICES_ONLY.has(action);

/** How far the roles together let their holder do this; undefined where none of them does. */
export function reachOf(roles: readonly Role[], action: Action): Reach | undefined {
  const reaches = new Set(roles.map((role) => GRANTS[role][action]));
  return WIDEST_FIRST.find((reach) => reaches.has(reach));
}

/** All roles that let their holder do this, however far. */
export const rolesWith = (action: Action): Role[] => Role.options.filter((role) => GRANTS[role][action] !== undefined);

/** Whether an object of one of these lies within reach. */
export const isWithinReach = (reach: Reach, principal: string, ...owners: readonly (string | null)[]): boolean =>
  reach !== 'own' || owners.includes(principal);
