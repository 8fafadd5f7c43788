// The download service that Temporal's SDKs use for their development and test servers, with deadlines of our own.
import { createWriteStream } from 'node:fs';
import { chmod, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { runToEnd } from '../child-process.ts';
import { childEnvironment } from '../environment/child-environment.ts';

const downloadService = 'https://temporal.download';
const answerTimeoutMs = 10_000;
/** A transfer may be long, but not silent. */
const stallTimeoutMs = 10_000;

const downloadInfo = z.object({ archiveUrl: z.url(), fileToExtract: z.string().regex(/^[\w./-]+$/) });

export interface TemporalDownload {
  readonly artifact: 'cli' | 'temporal-test-server';
  /** `default` is what fits the SDK; otherwise a tag, `v1.5.1`. */
  readonly version: string;
  readonly directory: string;
  /** What the program is to be called in that directory. */
  readonly file: string;
  readonly logFile: string;
  /** @default the public service */
  readonly serviceUrl?: string;
}

/** Downloads a program into a directory. Throws when the service is out of reach, silent or has nothing that fits. */
export async function downloadTemporalProgram(download: TemporalDownload): Promise<void> {
  const archive = join(download.directory, 'archive.tar.gz');
  const info = await findArchive(download);
  await save(info.archiveUrl, archive);
  const unpacked = await runToEnd({
    command: 'tar',
    arguments: ['-xzf', archive, '-C', download.directory, info.fileToExtract],
    environment: childEnvironment(),
    logFile: download.logFile,
  });
  if (!unpacked) throw new Error(`the archive ${info.archiveUrl} could not be unpacked`);
  await rm(archive);
  const program = join(download.directory, download.file);
  await rename(join(download.directory, info.fileToExtract), program);
  await chmod(program, 0o755);
}

async function findArchive(download: TemporalDownload): Promise<z.infer<typeof downloadInfo>> {
  const url = new URL(`${download.serviceUrl ?? downloadService}/${download.artifact}/${download.version}`);
  url.searchParams.set('arch', process.arch === 'x64' ? 'amd64' : process.arch);
  url.searchParams.set('platform', process.platform);
  url.searchParams.set('format', 'tar.gz');
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerTimeoutMs) });
  if (!answer.ok) throw new Error(`${url.host} answered ${answer.status}`);
  const info = downloadInfo.parse(await answer.json());
  if (!/\.(tar\.gz|tgz)$/.test(new URL(info.archiveUrl).pathname)) throw new Error('the archive is no .tar.gz');
  return info;
}

async function save(url: string, file: string): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error('the download stalled')), stallTimeoutMs);
  try {
    const answer = await fetch(url, { signal: stalled.signal });
    if (!answer.ok || answer.body === null) throw new Error(`the archive's server answered ${answer.status}`);
    const body = Readable.fromWeb(answer.body).on('data', () => timer.refresh());
    await pipeline(body, createWriteStream(file), { signal: stalled.signal });
  } finally {
    clearTimeout(timer);
  }
}
