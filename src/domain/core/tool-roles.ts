import type { ToolRole } from '../schemas/tool-role.ts';

/** What people do: nothing executes it. */
export const isAnsweredByPeople = (role: ToolRole | 'limit' | undefined): boolean =>
  role === 'question' || role === 'block';
