// A model without a provider, so that the story can be played anywhere: it asks for the next thing of the complaint and
// says at the end what came of it, from what its tools and the people really answered.
import type { ModelRequest, TranscriptMessage } from '../../src/adapters/models/model-port.ts';
import { asksFor, asksForAll, says, scriptedModel } from '../../src/testing/scripted-model.ts';
import type { ScriptedTurn } from '../../src/testing/scripted-model.ts';

type Answer = Extract<TranscriptMessage, { role: 'tool' }>;

const STEPS: readonly ScriptedTurn[] = [
  asksForAll([asksFor('find_order', { order: 'A-1042' }), asksFor('find_order', { order: 'A-1043' })], {
    saying: 'I look up both orders.',
  }),
  asksFor('refund', { order: 'A-1042', amount: 800 }, { saying: 'The first parcel never came.' }),
  asksFor('refund', { order: 'A-1043', amount: 120 }, { saying: 'The second one was damaged.' }),
  asksFor('ask_user', { question: 'What else shall the customer get?', options: ['A voucher', 'Nothing'] }),
  asksFor('send_voucher', { order: 'A-1043', amount: 20 }, { saying: 'A voucher, then.' }),
];

export const refundsScript = scriptedModel((request) => STEPS[turnOf(request)] ?? summary(request));

const turnOf = ({ messages }: ModelRequest): number => messages.filter(({ role }) => role === 'assistant').length;

/** One line for each call that changes something, as it ended. */
function summary({ messages }: ModelRequest): ScriptedTurn {
  const answers = messages.filter((message): message is Answer => message.role === 'tool');
  const lines = answers
    .filter(({ tool }) => tool !== 'find_order')
    .map(({ tool, text, isError }) => `${tool}: ${isError ? 'not done. ' : ''}${text}`);
  return says(['The complaint is settled.', ...lines].join('\n'));
}
