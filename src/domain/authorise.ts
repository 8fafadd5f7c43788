/** Which role may do what, and to whose objects: one table. Services of the API never decide this themselves. */
import type { Role } from './schemas/actor.ts';

/** Names as they stand in audit logs. */
export type Action =
  | 'agent.read'
  | 'run.start'
  | 'run.read'
  | 'run.cancel'
  | 'run.block'
  | 'run.unblock'
  | 'run.message'
  | 'run.resolve'
  | 'run.approval.read'
  | 'run.approval.decide'
  | 'run.approval.claim'
  | 'run.approval.extend'
  /** Taking over what another has claimed. */
  | 'run.approval.force'
  | 'run.question.answer'
  | 'brake.read'
  | 'brake.set'
  | 'brake.release'
  | 'brake.bypass'
  | 'grant.read'
  | 'grant.create'
  | 'grant.revoke'
  | 'delegation.read'
  | 'delegation.create'
  | 'delegation.end'
  | 'policy.read'
  | 'policy.simulate'
  | 'policy.write'
  | 'audit.read';

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

/**
 * No role decides for its own sake but `approver`: an admin or operator who shall decide is made one too. Which approver
 * may decide which approval is up to its policy rule. Who asks for a run may speak to it and
 * stop it, but not let it go on.
 */
const GRANTS: Record<Role, Grants> = {
  requester: {
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
  approver: {
    ...reading,
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
    'brake.set': 'project',
    'brake.release': 'project',
    'brake.bypass': 'project',
  },
  auditor: { ...reading, 'delegation.read': 'project', 'policy.simulate': 'project', 'audit.read': 'tenant' },
  admin: {
    ...reading,
    ...operating,
    'run.start': 'own',
    'brake.set': 'tenant',
    'brake.release': 'tenant',
    'brake.bypass': 'tenant',
    'policy.write': 'tenant',
    'audit.read': 'tenant',
  },
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
]);

export const isForPeople = (action: Action): boolean => PEOPLE_ONLY.has(action);

/** How far the roles together let their holder do this; undefined where none of them does. */
export function reachOf(roles: readonly Role[], action: Action): Reach | undefined {
  const reaches = new Set(roles.map((role) => GRANTS[role][action]));
  return WIDEST_FIRST.find((reach) => reaches.has(reach));
}

/** Whether an object of this requester lies within reach. */
export const isWithinReach = (reach: Reach, principal: string, requester: string): boolean =>
  reach !== 'own' || principal === requester;
