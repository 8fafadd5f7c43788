/** A pinned tool of an MCP server, as the gate executes it: by the server that there is now, if it is still the same. */
import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError, UnauthorizedError } from '@modelcontextprotocol/client';
import type { Tool as OfferedTool } from '@modelcontextprotocol/client';
import type { JsonValue } from '../../domain/arguments/json-value.ts';
import type { ToolDefinition } from '../../domain/schemas/agent.ts';
import { isPrivateAddressError } from '../../platform/outgoing/guarded-fetch.ts';
import { OutcomeUnknownError } from '../tools/outcome-unknown.ts';
import { ToolError } from '../tools/tool.ts';
import type { Tool, ToolContext } from '../tools/tool.ts';
import type { McpConnection } from './connection.ts';
import { inputChecker } from './json-schema.ts';
import { exposedName, mcpDefinition } from './mcp-definition.ts';
import { failureText, readResult } from './read-result.ts';
import type { McpServer } from './server-options.ts';

const MAX_MESSAGE_LENGTH = 2_000;
/** Answered before anything ran. */
const REFUSED = new Set([400, 401, 403, 404, 405, 413, 429]);

export interface McpToolParts {
  readonly name: string;
  readonly server: McpServer;
  readonly definition: ToolDefinition;
  use<T>(
    context: Pick<ToolContext, 'credential' | 'fetch'>,
    work: (connection: McpConnection) => Promise<T>,
  ): Promise<T>;
}

/** Nothing that matters was sent yet. */
class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

const unreachable = (error: unknown): ToolError =>
  isPrivateAddressError(error)
    ? new ToolError('private_address', 'The server is in a private network that is not allowed. Nothing was sent.')
    : new ToolError('mcp_unreachable', 'The server cannot be reached, or does not answer. Nothing was sent.');

/** After the call was sent: an error that the server answered says how it ended, everything else leaves it open. */
function failureOf(error: unknown, { signal }: ToolContext): Error {
  if (signal.aborted) return signal.reason instanceof Error ? signal.reason : new Error('The call was stopped.');
  if (error instanceof UnauthorizedError || (error instanceof SdkHttpError && REFUSED.has(error.status)))
    return new ToolError('mcp_refused', 'The server did not let this call in.');
  if (error instanceof ProtocolError)
    return new ToolError('mcp_error', error.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed());
  if (error instanceof SdkError && error.code === SdkErrorCode.InvalidResult)
    return new ToolError('mcp_invalid_result', 'The server answered something that is no result.');
  if (error instanceof SdkError && error.code === SdkErrorCode.UnsupportedResultType)
    return new ToolError(
      'mcp_input_required',
      'The server asks for more than the call says, which nobody can give here.',
    );
  return new OutcomeUnknownError('mcp_connection_lost', 'The connection was lost before the answer was there.');
}

export function mcpTool(parts: McpToolParts): Tool | undefined {
  const { name, server, definition, use } = parts;
  const input = inputChecker(definition.inputSchema);
  if (!input) return undefined;

  /** With the tool as the server has it now. A connection that does not answer is given up, and made anew once. */
  const withOffered = async <T>(
    context: Pick<ToolContext, 'credential' | 'fetch' | 'signal'>,
    work: (connection: McpConnection, offered: OfferedTool | undefined) => Promise<T>,
  ): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await use(context, async (connection) => {
          const tools = await connection.tools(context.signal).catch((error: unknown) => {
            connection.retire();
            throw new NoAnswerError('The server did not answer.', { cause: error });
          });
          return work(
            connection,
            tools.find((one) => exposedName(name, one.name) === definition.name),
          );
        });
      } catch (error) {
        if (!(error instanceof NoAnswerError) || attempt === 2 || context.signal.aborted) throw error;
      }
    }
  };

  const call = async (
    connection: McpConnection,
    offered: OfferedTool | undefined,
    args: JsonValue,
    context: ToolContext,
  ): Promise<JsonValue> => {
    const live = offered && mcpDefinition(name, server, offered);
    // The gate has looked before; the server may have changed it since.
    if (!offered || live?.definitionDigest !== definition.definitionDigest)
      throw new ToolError('tool_changed', 'The server has changed this tool. Nothing was sent.');
    try {
      const answer = await connection.call({
        tool: offered,
        arguments: args as Record<string, unknown>,
        effectKey: context.effectKey,
        timeoutMs: definition.timeoutMs,
        signal: context.signal,
        onProgress: ({ progress, total }) => context.progress(progress, total),
      });
      if (answer.isError) throw new ToolError('mcp_tool_failed', failureText(answer));
      return readResult(answer, offered, context);
    } catch (error) {
      throw error instanceof ToolError ? error : failureOf(error, context);
    }
  };

  const { source, description, effect, timeoutMs, annotations, inputSchema, credentialRef } = definition;
  return {
    name: definition.name,
    source,
    description,
    input,
    inputSchema: inputSchema as Record<string, JsonValue>,
    effect,
    timeoutMs,
    policy: [],
    ...(annotations && { annotations: annotations as Record<string, JsonValue> }),
    ...(credentialRef !== undefined && { credential: credentialRef }),
    async current(context) {
      try {
        return await withOffered(context, async (_, offered) =>
          offered ? (mcpDefinition(name, server, offered) ?? null) : null,
        );
      } catch {
        // `execute` tries again, and says what came of it.
        return undefined;
      }
    },
    async execute(args, context) {
      try {
        return await withOffered(context, (connection, offered) => call(connection, offered, args, context));
      } catch (error) {
        context.signal.throwIfAborted();
        throw error instanceof ToolError ? error : unreachable(error);
      }
    },
  };
}
