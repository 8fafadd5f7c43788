// The example's scripted model with its real tools, on a real repository, in a real workspace.
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { agents } from '../../examples/release-notes/agent.ts';
import { composeNotes } from '../../examples/release-notes/compose-notes.ts';
import { readInput } from '../../examples/release-notes/read-input.ts';
import { agentDefinition } from '../../src/adapters/agents/define-agent.ts';
import type { AgentSource } from '../../src/adapters/agents/define-agent.ts';
import type { ModelReply, TranscriptMessage } from '../../src/adapters/models/model-port.ts';
import { ToolError } from '../../src/adapters/tools/tool.ts';
import { openWorkspace } from '../../src/adapters/workspace/workspace.ts';
import type { Workspace } from '../../src/adapters/workspace/workspace.ts';
import { parseStrictJson } from '../../src/domain/arguments/parse-strict-json.ts';
import { callTool } from '../adapters/tools/call-tool.ts';
import { createRepository } from '../adapters/tools/git-repository.ts';
import type { TestRepository } from '../adapters/tools/git-repository.ts';

let base: string;
let repository: TestRepository;
let commits: string[];
let workspace: Workspace;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'countersign-example-')));
  repository = createRepository(join(base, 'repositories', 'shop'));
  repository.write('README.md', '# The Shop\n');
  commits = [repository.commit('Initial import')];
  repository.git('tag', 'v1.0');
  repository.write('package.json', '{"name": "shop", "version": "1.1.0", "description": "Sells things"}');
  commits.push(repository.commit('feat(cart): remember what was in it'));
  repository.write('src/pay.ts', 'x');
  commits.push(repository.commit('fix!: refuse <b>negative</b> prices\n\nBREAKING CHANGE: prices are checked'));
  repository.write('README.md', 'uncommitted canary');
  workspace = await openWorkspace({
    root: join(base, 'workspaces'),
    scope: { tenant: 't', project: 'p' },
    runId: `run_${'a'.repeat(26)}`,
  });
});

afterEach(() => rm(base, { recursive: true, force: true }));

const exampleAgent = (): AgentSource => {
  const [source] = agents({ repository: repository.path, repositoriesRoot: join(base, 'repositories') });
  if (source === undefined) throw new Error('no agent');
  return source;
};

interface Played {
  readonly text: string;
  readonly called: readonly string[];
  readonly messages: readonly TranscriptMessage[];
}

/** Plays model and tools to the end; `reject` answers a tool's calls instead of running them. */
async function play(input: string, reject: Record<string, string> = {}): Promise<Played> {
  const source = exampleAgent();
  const messages: TranscriptMessage[] = [{ role: 'user', text: input }];
  const called: string[] = [];
  for (let turn = 1; turn < 10; turn++) {
    // A model of its own for each turn: nothing is remembered between them.
    const model = exampleAgent().scripts['release-notes'];
    const reply: ModelReply | undefined = await model?.generate(
      { model: 'release-notes', parameters: {}, instructions: source.instructions, messages, tools: [] },
      { signal: new AbortController().signal, onText: () => {} },
    );
    if (reply === undefined || reply.calls.length === 0) return { text: reply?.text ?? '', called, messages };
    const calls = reply.calls.map((call, index) => ({ ...call, toolCallId: `call_${turn}_${index}` }));
    messages.push({ role: 'assistant', text: reply.text, calls });
    for (const call of calls) {
      called.push(call.tool);
      const answer = await answerOf(source, call, reject[call.tool]);
      messages.push({
        role: 'tool',
        toolCallId: call.toolCallId,
        providerCallId: call.providerCallId,
        tool: call.tool,
        ...answer,
      });
    }
  }
  throw new Error('it did not end');
}

async function answerOf(
  source: AgentSource,
  call: { tool: string; argumentsText: string },
  rejected: string | undefined,
): Promise<{ text: string; isError: boolean }> {
  if (rejected !== undefined) return { text: rejected, isError: true };
  const tool = source.tools.find(({ name }) => name === call.tool);
  const parsed = parseStrictJson(call.argumentsText);
  if (tool === undefined || !parsed.ok) throw new Error(`${call.tool} was not called well`);
  try {
    return { text: JSON.stringify(await callTool(tool, parsed.value, { workspace })), isError: false };
  } catch (error) {
    if (error instanceof ToolError) return { text: error.message, isError: true };
    throw error;
  }
}

const notes = async (): Promise<string> => (await workspace.read('RELEASE_NOTES.md')).toString('utf8');
const short = (index: number): string => commits[index]?.slice(0, 9) ?? '';

describe('the scripted release notes', () => {
  test('reads the history and files, writes the notes from them, and says so', async () => {
    const { text, called, messages } = await play('Write the release notes for this repository, please.');
    expect(called).toEqual(['git_log', 'read_file', 'read_file', 'write_file']);
    expect(await notes()).toBe(
      [
        `# Release notes: shop up to ${short(2)}`,
        '3 commits from 2024-03-01 to 2024-03-03: 3 changes, 3 files named in the log.',
        '_shop 1.1.0_: Sells things.',
        `## Breaking changes\n\n- refuse \\<b\\>negative\\</b\\> prices (\`${short(2)}\`)`,
        `## Features\n\n- **cart**: remember what was in it (\`${short(1)}\`)`,
        `## Fixes\n\n- refuse \\<b\\>negative\\</b\\> prices (\`${short(2)}\`)`,
        `## Other changes\n\n- Initial import (\`${short(0)}\`, v1.0)`,
        '## Authors\n\n- Ada Lovelace (3 commits)\n',
      ].join('\n\n'),
    );
    expect(text).toBe(`I wrote RELEASE_NOTES.md with 3 changes of shop up to ${short(2)}.`);
    expect(JSON.stringify(messages)).not.toContain('canary');
  });

  test('takes the repository and where to begin from the input', async () => {
    const other = createRepository(join(base, 'repositories', 'other'));
    other.commit('feat: old');
    other.git('tag', 'v2');
    other.commit('perf: quicker');
    await play('{"repository": "other", "since": "v2"}');
    const text = await notes();
    expect(text).toContain('# Release notes: other');
    expect(text).toContain('## Performance\n\n- quicker');
    expect(text).not.toContain('old');
  });

  test('a rejection ends it without notes, and the reason is told', async () => {
    const { text } = await play('Go', { write_file: 'Rejected by a person: the title is wrong.' });
    expect(text).toBe('The release notes were not written. Rejected by a person: the title is wrong.');
    expect(await workspace.receipt('RELEASE_NOTES.md')).toEqual({ ok: false, problem: 'missing' });
  });

  test('a repository that is not there is told, and nothing is written', async () => {
    const { text, called } = await play('repository: nowhere');
    expect(called).toEqual(['git_log']);
    expect(text).toContain('no release notes');
  });

  test('an empty range gives notes that say so', async () => {
    await play('{"since": "HEAD"}');
    expect(await notes()).toContain('There are no commits in this range.');
  });
});

test('reading is allowed, writing asks for 24 hours and is done once, and the notes are the contract', () => {
  const definition = agentDefinition(exampleAgent(), []);
  expect(definition.tools.map(({ name, effect }) => [name, effect])).toEqual([
    ['git_log', 'none'],
    ['read_file', 'none'],
    ['write_file', 'once'],
  ]);
  expect(definition.policy).toMatchObject([
    {
      name: 'agent',
      rules: [
        { match: 'git_log', effect: 'allow' },
        { match: 'read_file', effect: 'allow' },
        { match: 'write_file', effect: 'ask', decideWithinMs: 86_400_000 },
      ],
    },
  ]);
  expect(definition.contract.artifacts).toEqual([{ path: 'RELEASE_NOTES.md', minBytes: 1 }]);
  // Paths of the machine are no part of what a model sees or a run pins.
  expect(JSON.stringify(definition)).not.toContain(base);
});

test.each([
  ['', {}],
  ['Write the notes for this repository since the last release', {}],
  ['repository: shop, since: v1.0.', { repository: 'shop', since: 'v1.0' }],
  ['{"repository":"shop","revision":"main~2"}', { repository: 'shop', revision: 'main~2' }],
  ['revision=main', { revision: 'main' }],
  ['[1]', {}],
])('the input %j asks for %j', (text, expected) => {
  expect(readInput(text)).toEqual(expected);
});

test('what commits say cannot become links or markup', () => {
  const commit = {
    commit: 'a'.repeat(40),
    author: '[x](http://evil)',
    authoredAt: '',
    subject: '![i](http://evil)\n# Heading',
    body: '',
    isMerge: false,
    tags: [],
    files: [],
    filesChanged: 0,
  };
  const text = composeNotes(
    { repository: 'r', commit: commit.commit, since: null, truncated: false, commits: [commit] },
    [],
  );
  expect(text).toContain(String.raw`- !\[i\](http://evil) # Heading (`);
  expect(text).toContain(String.raw`- \[x\](http://evil) (1 commit)`);
});
