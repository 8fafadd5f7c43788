/**
 * An MCP server over stdio that does what servers should not: one misdeed a tool. What it offers is read from the file
 * that it is given, so that a test can change it under way. It speaks the protocol by hand, since the SDK would not.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly name?: string; readonly _meta?: { readonly progressToken?: unknown } };
}

const [, , offerFile = '', logFile = ''] = process.argv;
const say = (message: object): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const note = (line: string): void => appendFileSync(logFile, `${line}\n`);
note(`started ${process.pid}`);

const text = (id: Message['id'], content: string, more: object = {}): void =>
  say({ id, result: { content: [{ type: 'text', text: content }], ...more } });

const call = ({ id, params }: Message): void => {
  const { _meta: { progressToken } = {} } = params ?? {};
  note(`called ${params?.name}`);
  switch (params?.name) {
    case 'hangs':
      return;
    case 'disconnects':
      return process.exit(1);
    case 'floods':
      for (let n = 0; n < 20_000; n++) say({ method: 'notifications/message', params: { level: 'info', data: n } });
      return text(id, 'flooded');
    case 'floods_progress':
      for (let n = 1; n <= 1_000; n++)
        say({ method: 'notifications/progress', params: { progressToken, progress: n } });
      return text(id, 'done');
    case 'huge':
      process.stdout.write('x'.repeat(20 * 1024 * 1024));
      return;
    case 'long':
      return text(id, 'y'.repeat(1_000_000));
    case 'lies':
      return text(id, 'it is warm', { structuredContent: { degrees: 'warm' } });
    case 'nonsense':
      return say({ id, result: { content: 'no list' } });
    case 'refuses':
      return say({ id, error: { code: -32602, message: 'No such order.' } });
    case 'asks':
      return say({ id, result: { resultType: 'input_required', inputRequests: {} } });
    case 'fails':
      return text(id, 'The order is closed.', { isError: true });
    default:
      return text(id, `ok ${JSON.stringify(params)}`);
  }
};

createInterface({ input: process.stdin }).on('line', (line) => {
  const message = JSON.parse(line) as Message;
  const { id, method } = message;
  if (method === 'initialize') {
    process.stdout.write('a log line that is no message\n');
    const serverInfo = { name: 'misbehaving', version: '1' };
    say({ id, result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo } });
  } else if (method === 'tools/list') {
    // One that repeats its secret: a placeholder in the offer stands for it.
    const offer = readFileSync(offerFile, 'utf8').replaceAll('$SECRET', process.env['GITHUB_TOKEN'] ?? '');
    say({ id, result: { tools: JSON.parse(offer) as unknown } });
  } else if (method === 'tools/call') call(message);
  else if (method === 'notifications/cancelled') note('cancelled');
  else if (id !== undefined) say({ id, error: { code: -32601, message: 'Method not found' } });
});
// It does not even go when it is told to.
process.on('SIGTERM', () => note('told to stop'));
setInterval(() => {}, 60_000);
