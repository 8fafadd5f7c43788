// Models without a provider, so that the tree of runs can be seen anywhere.
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import { asksFor, says, scriptedModel } from '../../src/testing/scripted-model.ts';

const lastAnswer = ({ messages }: ModelRequest): string => messages.at(-1)?.text ?? '';

export const finderScript = scriptedModel([
  asksFor('find_order', { order: 'A-1042' }),
  (request) => says(`The order is known: ${lastAnswer(request)}`),
]);

export const cashierScript = scriptedModel([
  asksFor('refund', { order: 'A-1042', amount: 80 }),
  (request) => says(`The till says: ${lastAnswer(request)}`),
]);

export const deskScript = scriptedModel([
  asksFor('finder', { input: 'What became of order A-1042?' }, { saying: 'I have that looked into.' }),
  asksFor('cashier', { input: 'Pay back 80 for order A-1042: it never came.' }, { saying: 'They are owed money.' }),
  (request) => says(`The complaint is settled. ${lastAnswer(request)}`),
]);
