// What the agent can do. Every tool that this module exports is the agent's.
import { ToolError, defineTool, z } from 'countersign';

const ORDERS = new Map([
  ['A-1042', { order: 'A-1042', total: 80, delivered: false }],
  ['A-1043', { order: 'A-1043', total: 16, delivered: true }],
]);

const order = z.string().regex(/^[A-Z]-\d{4}$/);

export const findOrder = defineTool({
  name: 'find_order',
  description: 'Finds an order: its total, and whether it was delivered.',
  input: z.strictObject({ order }),
  effect: 'none',
  async execute(args) {
    const found = ORDERS.get(args.order);
    if (found === undefined) throw new ToolError('unknown_order', 'There is no such order.');
    return found;
  },
});

export const refund = defineTool({
  name: 'refund',
  description: 'Pays money back for an order.',
  input: z.strictObject({ order, amount: z.number().positive().max(1_000) }),
  output: z.strictObject({ refunded: z.number(), receipt: z.string() }),
  // Started at most once for each consent.
  effect: 'once',
  async execute({ order: refunded, amount }, { workspace, effectKey }) {
    // The shop's bank is a file here. A real one takes the effect key as its idempotency key.
    const line = Buffer.from(`${JSON.stringify({ order: refunded, amount, effectKey })}\n`);
    const { path } = await workspace.write(`payments/${refunded}.json`, line);
    return { refunded: amount, receipt: path };
  },
});
