/** The table of roles and actions as a page. Run as a program it writes docs/reference/authorisation.md. */
import { writeFile } from 'node:fs/promises';
import { ACTIONS } from '../domain/actions.ts';
import type { Action } from '../domain/actions.ts';
import { GRANTS, isForPeople, isForServices } from '../domain/authorise.ts';
import { Role } from '../domain/schemas/actor.ts';
import { openApiDocument } from './openapi-document.ts';

export const AUTHORISATION_FILE = new URL('../../docs/reference/authorisation.md', import.meta.url);

const INTRODUCTION = `# Who may do what

Generated from the code by \`node src/api/authorisation-page.ts\`; a test compares the two.

Every route names one action. A credential whose roles do not include it is answered 403, none at all 401. How far a role reaches: **own** is what the principal is requester or giver of, **project** all of the project that the request names, **tenant** what spans the tenant's projects, too. What lies beyond is 404. Where several roles include an action the widest reach counts.

No role decides for its own sake but \`approver\`, and which approver decides which approval is up to its policy rule. \`broker\` is for services that start runs for people whom they have authenticated themselves. How roles are given: [give people and programs access](../how-to/give-access.md).
`;

interface Operation {
  readonly 'x-action'?: string;
}

/** \`METHOD /path\` of every route, by action. */
async function routesByAction(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { paths } = JSON.parse(await openApiDocument()) as { paths: Record<string, Record<string, Operation>> };
  const routes = new Map<string, string[]>();
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { 'x-action': action }] of Object.entries(operations)) {
      if (action === undefined) continue;
      routes.set(action, [...(routes.get(action) ?? []), `\`${method.toUpperCase()} ${path}\``]);
    }
  }
  return routes;
}

const who = (action: Action): string => {
  if (isForPeople(action)) return 'people';
  return isForServices(action) ? 'services' : '';
};

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** The page as it is committed. */
export async function authorisationPage(): Promise<string> {
  const routes = await routesByAction();
  const actions = Object.entries(ACTIONS) as [Action, string][];
  const roles = Role.options;
  const table = [
    row(['action', 'what', 'only', ...roles]),
    row(['---', '---', '---', ...roles.map(() => '---')]),
    ...actions.map(([action, what]) =>
      row([`\`${action}\``, what, who(action), ...roles.map((role) => GRANTS[role][action] ?? '')]),
    ),
  ];
  const byRoute = [
    row(['action', 'routes']),
    row(['---', '---']),
    ...actions.map(([action]) => row([`\`${action}\``, routes.get(action)?.join(', ') ?? 'within other routes'])),
  ];
  return `${INTRODUCTION}\n## Roles\n\n${table.join('\n')}\n\n## Routes\n\n${byRoute.join('\n')}\n`;
}

if (import.meta.main) await writeFile(AUTHORISATION_FILE, await authorisationPage());
