/** Talks to an MCP server over its standard input and output. The server ends when we do, however we do. */
import { serializeMessage } from '@modelcontextprotocol/client';
import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import { childEnvironment } from '../../platform/environment/child-environment.ts';
import { startPiped } from '../../platform/piped-child.ts';
import type { PipedChild } from '../../platform/piped-child.ts';
import type { McpServer } from './server-options.ts';

type Stdio = Extract<McpServer['transport'], { type: 'stdio' }>;

/** Of one message. A server that sends more is broken or hostile. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/** In any ten seconds. */
const MAX_MESSAGES = 5_000;
const WINDOW_MS = 10_000;
const NEWLINE = 0x0a;

export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #options: Stdio;
  readonly #credential: string | undefined;
  #child: PipedChild | undefined;
  #parts: Buffer[] = [];
  #bytes = 0;
  #window = { startedAt: 0, messages: 0 };

  constructor(options: Stdio, credential: string | undefined) {
    this.#options = options;
    this.#credential = credential;
  }

  start(): Promise<void> {
    const { command, arguments: args, environment, directory, credentialVariable } = this.#options;
    const secret = credentialVariable !== undefined &&
      this.#credential !== undefined && { [credentialVariable]: this.#credential };
    const child = startPiped({
      command,
      arguments: args,
      environment: { ...childEnvironment(environment), ...secret },
      ...(directory !== undefined && { directory }),
    });
    this.#child = child;
    child.stdout.on('data', (part: Buffer) => this.#read(part));
    child.stdout.on('error', () => {});
    // What it says there is for its developers; kept by nobody, since it may quote anything.
    child.stderr.resume();
    child.stderr.on('error', () => {});
    void child.exited.then(() => this.onclose?.());
    return Promise.resolve();
  }

  #read(part: Buffer): void {
    for (let rest = part; rest.byteLength > 0;) {
      const end = rest.indexOf(NEWLINE);
      const piece = end < 0 ? rest : rest.subarray(0, end);
      this.#bytes += piece.byteLength;
      if (this.#bytes > MAX_MESSAGE_BYTES) return this.#giveUp('sends a message that is too large');
      this.#parts.push(piece);
      if (end < 0) return;
      const line = Buffer.concat(this.#parts).toString('utf8').trim();
      this.#parts = [];
      this.#bytes = 0;
      if (line !== '') this.#take(line);
      rest = rest.subarray(end + 1);
    }
  }

  #take(line: string): void {
    const now = Date.now();
    if (now - this.#window.startedAt > WINDOW_MS) this.#window = { startedAt: now, messages: 0 };
    this.#window.messages += 1;
    if (this.#window.messages === MAX_MESSAGES) return this.#giveUp('floods');
    if (this.#window.messages > MAX_MESSAGES) return;
    let message: JSONRPCMessage;
    try {
      message = JSON.parse(line) as JSONRPCMessage;
    } catch {
      // Servers that print logs to standard output are common.
      return this.onerror?.(new Error('The server wrote a line that is no message.'));
    }
    this.onmessage?.(message);
  }

  #giveUp(why: string): void {
    this.#parts = [];
    this.onerror?.(new Error(`The server ${why}.`));
    void this.close();
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin;
    if (!stdin?.writable) return Promise.reject(new Error('The server has ended.'));
    return new Promise((resolve, reject) => {
      stdin.write(serializeMessage(message), (error) => (error ? reject(error) : resolve()));
    });
  }

  async close(): Promise<void> {
    this.#child?.stdin.end();
    await this.#child?.stop();
  }
}
