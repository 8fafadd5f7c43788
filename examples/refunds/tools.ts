// What the agent can do. The shop's books are files: orders come with the example, payments are written into the run's
// workspace, one file each, under the effect key, so that a repeat would write the same file again.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ToolError, defineTool } from '../../src/adapters/tools/tool.ts';
import type { Tool, ToolContext } from '../../src/adapters/tools/tool.ts';

const Order = z.object({ order: z.string(), customer: z.string(), total: z.number(), delivered: z.boolean() });
const ORDERS = new URL('orders.json', import.meta.url);

const orderId = z.string().regex(/^[A-Z]-\d{4}$/);
const amount = z.number().positive().max(10_000);

const findOrder = async (order: string) => {
  const orders = z.array(Order).parse(JSON.parse(await readFile(ORDERS, 'utf8')));
  const found = orders.find((one) => one.order === order);
  if (!found) throw new ToolError('unknown_order', 'There is no such order.');
  return found;
};

const book = async ({ workspace, effectKey }: ToolContext, entry: Record<string, string | number>) => {
  const name = effectKey.split(':').at(-1) ?? effectKey;
  const { path } = await workspace.write(`payments/${name}.json`, Buffer.from(`${JSON.stringify(entry)}\n`));
  return path;
};

export const findOrderTool = (): Tool =>
  defineTool({
    name: 'find_order',
    description: 'Finds an order: its customer, its total and whether it was delivered.',
    input: z.strictObject({ order: orderId }),
    effect: 'none',
    execute: ({ order }) => findOrder(order),
  });

export const refundTool = (): Tool =>
  defineTool({
    name: 'refund',
    description: 'Pays money back for an order.',
    input: z.strictObject({ order: orderId, amount }),
    effect: 'once',
    async execute({ order, amount: refunded }, context) {
      const { total } = await findOrder(order);
      if (refunded > total) throw new ToolError('too_much', 'The order did not cost that much.');
      return { refunded, receipt: await book(context, { order, refunded }) };
    },
  });

export const sendVoucherTool = (): Tool =>
  defineTool({
    name: 'send_voucher',
    description: 'Sends the customer of an order a voucher.',
    input: z.strictObject({ order: orderId, amount: amount.max(100) }),
    effect: 'once',
    async execute({ order, amount: worth }, context) {
      await findOrder(order);
      return { worth, receipt: await book(context, { order, voucher: worth }) };
    },
  });
