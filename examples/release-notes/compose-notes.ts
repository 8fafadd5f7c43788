/** Composes release notes in Markdown from what `git_log` and `read_file` returned. */
import { z } from 'zod';

export const GitLogResult = z.object({
  repository: z.string(),
  commit: z.string(),
  since: z.string().nullable(),
  truncated: z.boolean(),
  commits: z.array(
    z.object({
      commit: z.string(),
      author: z.string(),
      authoredAt: z.string(),
      subject: z.string(),
      body: z.string(),
      isMerge: z.boolean(),
      tags: z.array(z.string()),
      files: z.array(z.string()),
      filesChanged: z.number(),
    }),
  ),
});
export type GitLogResult = z.infer<typeof GitLogResult>;
type Commit = GitLogResult['commits'][number];

export const ReadFileResult = z.object({ path: z.string(), bytes: z.number(), text: z.string() });
export type ReadFileResult = z.infer<typeof ReadFileResult>;

const SECTIONS: readonly (readonly [title: string, types: readonly string[]])[] = [
  ['Features', ['feat', 'feature']],
  ['Fixes', ['fix', 'bugfix', 'hotfix']],
  ['Performance', ['perf']],
  ['Documentation', ['docs', 'doc']],
  ['Changes under the hood', ['refactor', 'test', 'tests', 'build', 'ci', 'chore', 'style', 'revert']],
];
const OTHER = 'Other changes';

export function composeNotes(log: GitLogResult, files: readonly ReadFileResult[]): string {
  const changes = log.commits.filter((commit) => !commit.isMerge).map((commit) => ({ commit, ...readSubject(commit) }));
  const breaking = changes.filter((change) => change.isBreaking);
  const sections = [...SECTIONS.map(([title]) => title), OTHER].map((title) => ({
    title,
    changes: changes.filter((change) => change.section === title),
  }));
  return [
    `# Release notes: ${plain(log.repository)} ${rangeOf(log)}`,
    summaryOf(log, changes.length),
    aboutOf(files),
    ...(breaking.length === 0 ? [] : [list('Breaking changes', breaking.map(lineOf))]),
    ...sections
      .filter(({ changes: own }) => own.length > 0)
      .map(({ title, changes: own }) => list(title, own.map(lineOf))),
    list('Authors', authorsOf(log.commits)),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

/** One sentence for a person, counted from the same log. */
export const describeNotes = (log: GitLogResult): string =>
  `${count(log.commits.filter((commit) => !commit.isMerge).length, 'change')} of ${log.repository} ${rangeOf(log)}`;

const shortId = (commit: string): string => commit.slice(0, 9);

function rangeOf(log: GitLogResult): string {
  const newest = log.commits[0]?.tags[0] ?? shortId(log.commit);
  const oldest = log.commits.at(-1);
  if (log.since !== null) return `${shortId(log.since)}..${newest}`;
  // Not the whole history: the range begins with the oldest commit that was read.
  return oldest !== undefined && log.truncated ? `${shortId(oldest.commit)}^..${newest}` : `up to ${newest}`;
}

function summaryOf(log: GitLogResult, changes: number): string {
  if (log.commits.length === 0) return 'There are no commits in this range.';
  const days = log.commits
    .map((commit) => commit.authoredAt.slice(0, 10))
    .filter((day) => day !== '')
    .toSorted();
  const dates = days.length === 0 ? '' : ` from ${days[0]} to ${days.at(-1)}`;
  const merges = log.commits.length - changes;
  const files = new Set(log.commits.flatMap((commit) => commit.files)).size;
  const alsoMerges = merges === 0 ? '' : ` and ${count(merges, 'merge')}`;
  const cut = log.truncated ? ' Older commits are left out.' : '';
  const total = `${count(log.commits.length, 'commit')}${dates}`;
  return `${total}: ${count(changes, 'change')}${alsoMerges}, ${count(files, 'file')} named in the log.${cut}`;
}

/** What the project says of itself, if its files say it. */
function aboutOf(files: readonly ReadFileResult[]): string {
  const manifest = PackageManifest.safeParse(jsonOf(files.find((file) => file.path === 'package.json')?.text));
  const { name, version, description } = manifest.data ?? {};
  const heading = /^#\s+(.+)$/m.exec(files.find((file) => file.path === 'README.md')?.text ?? '')?.[1];
  const title = name ?? heading;
  if (title === undefined) return '';
  const about = description === undefined ? '' : `: ${plain(description).replace(/\.?$/, '.')}`;
  return `_${plain(title)}${version === undefined ? '' : ` ${plain(version)}`}_${about}`;
}

const PackageManifest = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  description: z.string().optional(),
});

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

interface Change {
  readonly commit: Commit;
  readonly section: string;
  readonly scope: string | undefined;
  readonly text: string;
  readonly isBreaking: boolean;
}

/** `type(scope)!: text`, as Conventional Commits have it; any other subject is taken as it is. */
function readSubject(commit: Commit): Omit<Change, 'commit'> {
  const match = /^(\w+)(?:\(([^)]*)\))?(!)?: *(.+)$/.exec(commit.subject);
  const type = match?.[1]?.toLowerCase();
  const section = SECTIONS.find(([, types]) => type !== undefined && types.includes(type))?.[0];
  const isBreaking = match?.[3] === '!' || /^BREAKING[ -]CHANGE:/m.test(commit.body);
  return section === undefined
    ? { section: OTHER, scope: undefined, text: commit.subject, isBreaking }
    : { section, scope: match?.[2], text: match?.[4] ?? commit.subject, isBreaking };
}

function lineOf({ commit, scope, text }: Change): string {
  const tags = commit.tags.length === 0 ? '' : `, ${commit.tags.map(plain).join(', ')}`;
  const what = text === '' ? '(no message)' : plain(text);
  return `${scope === undefined || scope === '' ? '' : `**${plain(scope)}**: `}${what} (\`${shortId(commit.commit)}\`${tags})`;
}

function authorsOf(commits: readonly Commit[]): string[] {
  const counts = new Map<string, number>();
  for (const { author } of commits) counts.set(author, (counts.get(author) ?? 0) + 1);
  return [...counts]
    .toSorted(([a, many], [b, more]) => more - many || a.localeCompare(b))
    .map(([author, number]) => `${plain(author === '' ? 'unknown' : author)} (${count(number, 'commit')})`);
}

const list = (title: string, lines: readonly string[]): string =>
  lines.length === 0 ? '' : `## ${title}\n\n${lines.map((line) => `- ${line}`).join('\n')}`;

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

/** Text of others on one line, that Markdown does not turn into links, images or tags. */
const plain = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[\\`*_[\]<>]/g, String.raw`\$&`);
