/** A server's tool as it is pinned with a run: whatever of it can matter is in its digest. */
import { createHash } from 'node:crypto';
import type { Tool as OfferedTool } from '@modelcontextprotocol/client';
import { canonicalJson } from '../../domain/arguments/canonical-json.ts';
import type { JsonValue } from '../../domain/arguments/canonical-json.ts';
import { isJsonValue } from '../../domain/arguments/json-value.ts';
import { digestOf } from '../../domain/core/digest.ts';
import { SERVER_SOURCE, isOfServer } from '../../domain/schemas/agent.ts';
import type { ToolDefinition, ToolEffect } from '../../domain/schemas/agent.ts';
import { compileSchema } from './json-schema.ts';
import type { McpServer } from './server-options.ts';

const MAX_DESCRIPTION_LENGTH = 8_192;
const MAX_NAME_LENGTH = 64;

export const sourceOf = (server: string): string => `${SERVER_SOURCE}${server}`;
/** Undefined for tools of another kind. */
export const serverOf = ({ source }: Pick<ToolDefinition, 'source'>): string | undefined =>
  isOfServer(source) ? source.slice(SERVER_SOURCE.length) : undefined;

/** `server_tool`; a name that models cannot have gets a digest at its end instead. */
export function exposedName(server: string, tool: string): string {
  const name = `${server}_${tool}`;
  if (/^[A-Za-z0-9_-]+$/.test(tool) && name.length <= MAX_NAME_LENGTH) return name;
  const digest = createHash('sha256').update(tool).digest('hex').slice(0, 8);
  return `${name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_NAME_LENGTH - 9)}_${digest}`;
}

type Hints = NonNullable<OfferedTool['annotations']>;
const HINTS = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const;
/** What a hint says where it can only make people more careful. */
const CAREFUL: Record<(typeof HINTS)[number], boolean> = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
};

/** Conditions of policies see a trusted server's hints; of another's only the careful ones, the rest under `claimed`. */
function annotationsOf({ annotations = {}, outputSchema }: OfferedTool, trusted: boolean): Record<string, JsonValue> {
  const said = HINTS.filter((hint) => typeof annotations[hint] === 'boolean');
  const pick = (hints: readonly (keyof Hints)[]) =>
    Object.fromEntries(hints.map((hint) => [hint, annotations[hint] === true]));
  const claimed = trusted ? [] : said.filter((hint) => annotations[hint] !== CAREFUL[hint]);
  return {
    ...pick(said.filter((hint) => !claimed.includes(hint))),
    ...(claimed.length > 0 && { claimed: pick(claimed) }),
    ...(outputSchema && { outputSchemaDigest: digestOf(canonicalJson(plain(outputSchema))) }),
  };
}

function effectOf({ annotations = {} }: OfferedTool, trusted: boolean): ToolEffect {
  if (!trusted) return 'once';
  if (annotations.readOnlyHint === true) return 'none';
  return annotations.idempotentHint === true ? 'idempotent' : 'once';
}

const plain = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;

/** Undefined where the tool cannot be used: its schema is too large, not a schema, or has patterns beyond RE2. */
export function mcpDefinition(name: string, server: McpServer, offered: OfferedTool): ToolDefinition | undefined {
  if (!isJsonValue(plain(offered)) || !compileSchema(offered.inputSchema)) return undefined;
  const digested = {
    name: exposedName(name, offered.name),
    source: sourceOf(name),
    description: (offered.description ?? offered.title ?? '').slice(0, MAX_DESCRIPTION_LENGTH).toWellFormed(),
    inputSchema: plain(offered.inputSchema) as Record<string, JsonValue>,
    annotations: annotationsOf(offered, server.trusted),
    effect: effectOf(offered, server.trusted),
  };
  return {
    ...digested,
    timeoutMs: server.timeoutMs,
    ...(server.credential !== undefined && { credentialRef: server.credential }),
    // The whole description, and the server's own name, also where models see less of it.
    definitionDigest: digestOf(
      canonicalJson({ ...digested, offered: { name: offered.name, description: plain(offered.description ?? null) } }),
    ),
  };
}
