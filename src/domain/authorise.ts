/** Which role may do what, and to whose objects: one table. Services of the API never decide this themselves. */
import type { Role } from './schemas/actor.ts';

export type Action =
  | 'agent.read'
  | 'run.start'
  | 'run.read'
  | 'run.cancel'
  | 'run.approval.read'
  | 'run.approval.decide';

/** `own`: runs that the principal is the requester of. `project`: all of the project. */
export type Reach = 'own' | 'project';

type Grants = Partial<Record<Action, Reach>>;

const reading: Grants = { 'agent.read': 'project', 'run.read': 'project', 'run.approval.read': 'project' };

/**
 * No role decides for its own sake but `approver`: an admin or operator who shall decide is made one too. Which approver
 * may decide which approval is up to its policy rule.
 */
const GRANTS: Record<Role, Grants> = {
  requester: {
    'agent.read': 'project',
    'run.start': 'own',
    'run.read': 'own',
    'run.cancel': 'own',
    'run.approval.read': 'own',
  },
  approver: { ...reading, 'run.approval.decide': 'project' },
  operator: { ...reading, 'run.cancel': 'project' },
  auditor: reading,
  admin: { ...reading, 'run.start': 'own', 'run.cancel': 'project' },
};

/** How far the roles together let their holder do this; undefined where none of them does. */
export function reachOf(roles: readonly Role[], action: Action): Reach | undefined {
  const reaches = roles.map((role) => GRANTS[role][action]);
  if (reaches.includes('project')) return 'project';
  return reaches.includes('own') ? 'own' : undefined;
}

/** Whether an object of this requester lies within reach. */
export const isWithinReach = (reach: Reach, principal: string, requester: string): boolean =>
  reach === 'project' || principal === requester;
