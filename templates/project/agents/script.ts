// Takes the place of a model, so that the project runs without a key: one turn after the other.
import { asksFor, says, scriptedModel } from 'countersign';

export const script = scriptedModel([
  asksFor('find_order', { order: 'A-1042' }, { saying: 'I look up the order.' }),
  asksFor('refund', { order: 'A-1042', amount: 80 }, { saying: 'It never came.' }),
  ({ messages }) => {
    const answer = messages.findLast((message) => message.role === 'tool');
    return says(answer?.isError ? `Nothing was refunded. ${answer.text}` : 'The customer has the money back.');
  },
]);
