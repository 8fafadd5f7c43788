// Reference pages name everything there is, and nothing else.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { configurationPage } from '../../src/platform/configuration-page.ts';
import { AgentFile } from '../../src/adapters/agents/agent-file.ts';
import { BUILT_IN_TOOLS, ConfiguredTool } from '../../src/adapters/tools/built-in-tools.ts';
import { DEFAULT_REQUEST_TIMEOUT_MS } from '../../src/adapters/agents/classic-faults.ts';
import { McpServers } from '../../src/adapters/mcp/server-options.ts';
import { commandTool } from '../../src/adapters/tools/command/run-command.ts';
import { listWorkspaceFilesTool } from '../../src/adapters/tools/files/list-files.ts';
import { httpRequestTool } from '../../src/adapters/tools/http/http-request.ts';
import { defineTool } from '../../src/adapters/tools/tool.ts';
import { DEFAULT_EXECUTE_WITHIN_MS } from '../../src/domain/policy/ask-terms.ts';
import { DEFAULT_DECIDE_WITHIN_MS } from '../../src/domain/policy/clock-faults.ts';
import { RunLimits } from '../../src/domain/schemas/agent.ts';
import { RunEvent } from '../../src/domain/schemas/event.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

/** What the first column of a page's tables names in code style. */
const namedIn = (section: string): string[] =>
  [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );

test('docs/reference/events.md has every durable event', () => {
  const durable = read('docs/reference/events.md').split('## Durable events')[1]?.split('\n## ')[0] ?? '';
  const types = RunEvent.options.map((option) => option.shape.type.value);
  expect(namedIn(durable).toSorted()).toEqual([...types].toSorted());
});

test('docs/reference/configuration.md is up to date: node src/platform/configuration-page.ts writes it', async () => {
  expect(await configurationPage()).toBe(read('docs/reference/configuration.md'));
});

test('docs/reference/agent-definition.md has every field of an agent, every limit and every built-in tool', () => {
  const [fields = '', limits = '', tools = ''] = read('docs/reference/agent-definition.md').split('\n## ').slice(1);
  expect(namedIn(fields).toSorted()).toEqual(Object.keys(AgentFile.shape).toSorted());
  expect(namedIn(limits).toSorted()).toEqual(Object.keys(RunLimits.shape).toSorted());
  const configured = ConfiguredTool.options.flatMap((option) => Object.keys(option.shape));
  expect(namedIn(tools).toSorted()).toEqual([...BUILT_IN_TOOLS, ...configured].toSorted());
});

test('docs/reference/run-limits.md has the limits of time as they are', () => {
  const [time = ''] = read('docs/reference/run-limits.md').split('## Time')[1]?.split('## Amounts') ?? [];
  const rows = [...time.matchAll(/^\| ([^|]+) \| (\d+) (s|min|h) \|/gm)].map(([, name, count, unit]) => {
    const unitMs = { s: 1_000, min: 60_000, h: 3_600_000 }[unit ?? ''] ?? 0;
    return [name, Number(count) * unitMs] as const;
  });
  const own = { name: 'own', description: 'd', input: z.strictObject({}) };
  const elsewhere = defineTool({ ...own, taskQueue: 'bank' });
  const server = McpServers.parse({ x: { transport: { type: 'http', url: 'https://mcp.example' } } })['x'];
  expect(Object.fromEntries(rows)).toEqual({
    'model step': RunLimits.parse({}).modelStepTimeoutMs,
    'function tool': defineTool({ ...own, execute: async () => null }).timeoutMs,
    'workspace file': listWorkspaceFilesTool().timeoutMs,
    'HTTP request': httpRequestTool({ origins: ['https://api.example'] }).timeoutMs,
    // The rest is for stopping it.
    program: commandTool({ programs: ['npm'] }).timeoutMs - 10_000,
    'MCP tool': server?.timeoutMs,
    'MCP server': server?.connectTimeoutMs,
    'tool on another task queue, waiting': elsewhere.queue?.startWithinMs,
    'tool on another task queue, working': elsewhere.timeoutMs,
    approval: DEFAULT_DECIDE_WITHIN_MS,
    'execution of what was approved': DEFAULT_EXECUTE_WITHIN_MS,
    'run of classic execution': DEFAULT_REQUEST_TIMEOUT_MS,
    'worker that is gone': 5_000,
  });
});
