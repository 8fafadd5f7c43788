/** How an agent names the MCP servers whose tools it has. */
import { z } from 'zod';
import { CredentialRef } from '../../domain/schemas/names.ts';
import { looksSecret } from '../../platform/project-keys.ts';

const Stdio = z.strictObject({
  type: z.literal('stdio'),
  command: z.string().min(1).max(1_000),
  arguments: z.array(z.string().max(4_000)).max(100).default([]),
  /** Variables handed on beside the harmless ones. */
  environment: z
    .array(z.string().refine((name) => !looksSecret(name), 'is not for programs: use credential'))
    .max(50)
    .default([]),
  directory: z.string().optional(),
  /** The variable in which the server finds the credential. */
  credentialVariable: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/i)
    .optional(),
});

const Http = z.strictObject({
  type: z.literal('http'),
  url: z.url({ protocol: /^https?$/ }),
  /** No secrets: see `credential`. */
  headers: z.record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/), z.string().max(4_000)).default({}),
  credentialHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,100}$/)
    .default('authorization'),
  credentialPrefix: z.string().max(100).default('Bearer '),
});

export const McpServer = z
  .strictObject({
    transport: z.discriminatedUnion('type', [Stdio, Http]),
    /** Whether what the server says of its tools may relax policy: only then do its hints say more than that to ask. */
    trusted: z.boolean().default(false),
    credential: CredentialRef.optional(),
    /** The tools that the agent has, by the server's names. All that it offers without. */
    tools: z.array(z.string().min(1).max(256)).min(1).max(128).optional(),
    /** Of a call. */
    timeoutMs: z.number().int().min(1_000).max(86_400_000).default(1_800_000),
    /** To start or reach the server, and for each question but a call. */
    connectTimeoutMs: z.number().int().min(100).max(300_000).default(30_000),
  })
  .superRefine(({ transport, credential }, context) => {
    if (transport.type === 'stdio' && (transport.credentialVariable === undefined) !== (credential === undefined))
      context.addIssue({ code: 'custom', path: ['transport', 'credentialVariable'], message: 'goes with credential' });
  });
export type McpServer = z.output<typeof McpServer>;
export type McpServerOptions = z.input<typeof McpServer>;

/** Tools of a server are called `server_tool`. */
export const McpServerName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/);
export const McpServers = z.record(McpServerName, McpServer);
