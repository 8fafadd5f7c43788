import { fileURLToPath } from 'node:url';
import type { GuardedFetch } from '../../platform/outgoing/guarded-fetch.ts';
import type { CheckpointSink } from './checkpoint-sink.ts';
import { fileSink } from './file-sink.ts';
import { httpSink } from './http-sink.ts';

/** `file:///path` or a URL of HTTP; the configuration has checked which are allowed. */
export const openSink = (url: string, fetch: GuardedFetch): CheckpointSink =>
  url.startsWith('file:') ? fileSink(fileURLToPath(url)) : httpSink(url, { fetch });
