import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createClient, createMessageReader } from '../../src/client/index.ts';
import { RUN_ID, cuttingServer } from './cutting-server.ts';
import type { Frame } from './cutting-server.ts';

const piece = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const turns = fc.array(fc.array(piece, { maxLength: 5 }), { minLength: 1, maxLength: 5 });
const cuts = fc.array(fc.integer({ min: 0, max: 900 }), { maxLength: 6 });

/** Each turn: it starts, its message is written in pieces, it is complete. */
function framesOf(messages: readonly (readonly string[])[]): Frame[] {
  let seq = 0;
  const event = (type: string, turn: number, text?: string): Frame => {
    seq += 1;
    const content = text === undefined ? {} : { content: { text } };
    return {
      type: 'event',
      seq,
      data: { seq, runId: RUN_ID, type, at: new Date(0), data: { turn }, hash: '', ...content },
    };
  };
  return messages.flatMap((pieces, index) => {
    const turn = index + 1;
    let offset = 0;
    const deltas = pieces.map((text): Frame => {
      const delta: Frame = { type: 'delta', turn, offset, text };
      offset += text.length;
      return delta;
    });
    return [event('turn.started', turn), ...deltas, event('message.completed', turn, pieces.join(''))];
  });
}

test('S2 wherever the connection breaks, the reader has every event once, in order, and every message whole', async () => {
  await fc.assert(
    fc.asyncProperty(turns, cuts, async (messages, where) => {
      const frames = framesOf(messages);
      await using server = await cuttingServer(frames, where);
      const client = createClient({ baseUrl: server.url, apiKey: 'key' });
      const read = createMessageReader();
      const ids: number[] = [];
      const texts = new Map<number, string>();
      let status: string | undefined;
      for await (const item of client.runs.events(RUN_ID, { reconnectDelayMs: 2 })) {
        if (item.event === 'event') ids.push(item.id);
        if (item.event === 'stream.end') status = item.data.status;
        const grown = read(item);
        if (grown) texts.set(grown.turn, (grown.begins ? '' : (texts.get(grown.turn) ?? '')) + grown.text);
      }
      expect(ids).toEqual(frames.flatMap((frame) => (frame.type === 'event' ? [frame.seq] : [])));
      const expected = messages.map((pieces) => pieces.join(''));
      expect(expected.map((_, index) => texts.get(index + 1) ?? '')).toEqual(expected);
      expect(status).toBe('completed');
    }),
    { numRuns: 60 },
  );
});

test('S2 a reader who has seen something comes back for the rest alone', async () => {
  const frames = framesOf([['one'], ['two'], ['three']]);
  await using server = await cuttingServer(frames, []);
  const client = createClient({ baseUrl: server.url, apiKey: 'key' });
  const ids: number[] = [];
  for await (const item of client.runs.events(RUN_ID, { after: 4 })) if (item.event === 'event') ids.push(item.id);
  expect(ids).toEqual([5, 6]);
  expect(server.connections).toBe(1);
});
