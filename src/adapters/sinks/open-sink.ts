import { fileURLToPath } from 'node:url';
import type { CheckpointSink } from './checkpoint-sink.ts';
import { fileSink } from './file-sink.ts';
import { httpSink } from './http-sink.ts';

/** `file:///path` or a URL of HTTP; the configuration has checked which are allowed. */
export const openSink = (url: string): CheckpointSink =>
  url.startsWith('file:') ? fileSink(fileURLToPath(url)) : httpSink(url);
