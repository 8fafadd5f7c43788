/**
 * A model without a provider: it calls the tools that a real model would call and composes the notes from what they
 * really returned. It keeps nothing; what it does next follows from the conversation.
 */
import type { z } from 'zod';
import type { ModelRequest, TranscriptMessage } from '../../src/adapters/models/model-port.ts';
import { asksFor, asksForAll, says, scriptedModel } from '../../src/testing/scripted-model.ts';
import type { ScriptedTurn } from '../../src/testing/scripted-model.ts';
import { GitLogResult, ReadFileResult, composeNotes, describeNotes } from './compose-notes.ts';
import { readInput } from './read-input.ts';

const NOTES_PATH = 'RELEASE_NOTES.md';
const MAX_FILES_FROM_LOG = 2;

type ToolResult = Extract<TranscriptMessage, { role: 'tool' }>;

export const releaseNotesScript = scriptedModel(nextTurn);

function nextTurn(request: ModelRequest): ScriptedTurn {
  const results = request.messages.filter((message): message is ToolResult => message.role === 'tool');
  const { repository, revision, since } = readInput(
    request.messages.find((message) => message.role === 'user')?.text ?? '',
  );
  const logged = results.findLast((result) => result.tool === 'git_log');
  const named = repository === undefined ? {} : { repository };
  if (logged === undefined) {
    const range = { ...(revision === undefined ? {} : { revision }), ...(since === undefined ? {} : { since }) };
    return asksFor('git_log', { ...named, ...range, limit: 100 }, { saying: 'I look at the history first.' });
  }
  const log = read(logged, GitLogResult);
  if (log === undefined) return says(`I could not read the history, so there are no release notes. ${logged.text}`);

  const files = results.filter((result) => result.tool === 'read_file');
  if (files.length === 0) {
    const reads = filesToRead(log).map((path) => asksFor('read_file', { ...named, revision: log.commit, path }));
    return asksForAll(reads, { saying: 'Then I read what the project says of itself.' });
  }

  const written = results.findLast((result) => result.tool === 'write_file');
  if (written === undefined) {
    const found = files.map((result) => read(result, ReadFileResult)).filter((file) => file !== undefined);
    const content = composeNotes(log, found);
    return asksFor('write_file', { path: NOTES_PATH, content }, { saying: `I have notes on ${describeNotes(log)}.` });
  }
  return written.isError
    ? says(`The release notes were not written. ${written.text}`)
    : says(`I wrote ${NOTES_PATH} with ${describeNotes(log)}.`);
}

/** Files that describe a project, and the text files that the log names most recently. They need not exist. */
function filesToRead(log: GitLogResult): string[] {
  const fromLog = log.commits
    .flatMap((commit) => commit.files)
    .filter((path) => /\.(md|toml)$/.test(path) && !path.startsWith('.'));
  const paths = ['README.md', 'package.json', ...new Set(fromLog.filter((path) => path !== 'README.md'))];
  return paths.slice(0, 2 + MAX_FILES_FROM_LOG);
}

function read<T>(result: ToolResult, schema: z.ZodType<T>): T | undefined {
  if (result.isError) return undefined;
  try {
    return schema.safeParse(JSON.parse(result.text)).data;
  } catch {
    return undefined;
  }
}
