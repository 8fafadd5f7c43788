/** Agents that call agents, for tests of sub-runs. */
import { askUser } from '../../src/adapters/tools/built-in/ask-user.ts';
import { subAgent } from '../../src/adapters/tools/built-in/sub-agent.ts';
import type { ModelRequest } from '../../src/adapters/models/model-port.ts';
import { subRunId } from '../../src/domain/core/ids.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';
import type { Person, StartedRun } from '../../src/testing/index.ts';

export const refund = recordingTool('refund');
const allow = (tool: string) => ({ id: `allow-${tool}`, match: tool, effect: 'allow' }) as const;
const repeats = ({ messages }: ModelRequest) => says(messages.at(-1)?.text ?? '');

const cashier = testAgent({
  name: 'cashier',
  tools: [refund, askUser()],
  script: [asksFor('refund', {}), asksFor('ask_user', { question: 'Anything else?' }), repeats],
});
const clerk = testAgent({
  name: 'clerk',
  tools: [subAgent({ agent: cashier, description: 'Pays money back.' })],
  policy: [allow('cashier')],
  script: [asksFor('cashier', { input: 'Refund it.' }), says('The cashier did it.')],
});
export const desk = testAgent({
  name: 'desk',
  tools: [subAgent({ agent: clerk, description: 'Handles complaints.' })],
  script: [asksFor('clerk', { input: 'Handle it.' }), says('All done.')],
});
const lost = testAgent({ name: 'lost', limits: { maxTurns: 1 }, tools: [refund], script: [asksFor('nothing', {})] });
export const careful = testAgent({
  name: 'careful',
  tools: [subAgent({ agent: lost, description: 'Gets lost.' })],
  policy: [allow('lost')],
  script: [asksFor('lost', { input: 'Go.' }), repeats],
});
export const deep = testAgent({
  name: 'deep',
  limits: { maxDepth: 1 },
  tools: [subAgent({ agent: clerk, description: 'Handles complaints.' })],
  policy: [allow('clerk')],
  script: [asksFor('clerk', { input: 'Handle it.' }), says('Done.')],
});
export const many = testAgent({
  name: 'many',
  limits: { maxSubRuns: 2 },
  tools: [subAgent({ agent: lost, description: 'Gets lost.' })],
  policy: [allow('lost')],
  script: [
    asksForAll([1, 2, 3].map((place) => asksFor('lost', { input: `Go ${place}.` }))),
    ({ messages }) =>
      says(
        messages
          .slice(-3)
          .map(({ text }) => text)
          .toSorted()
          .join('\n'),
      ),
  ],
});

const payer = testAgent({
  name: 'payer',
  tools: [refund],
  policy: [{ id: 'maker-checker', match: 'refund', effect: 'ask', approvers: { notRequester: true } }],
  script: [asksFor('refund', {}), says('Paid.')],
});
export const guarded = testAgent({
  name: 'guarded',
  tools: [subAgent({ agent: payer, description: 'Pays.' })],
  policy: [{ id: 'payer', match: 'payer', effect: 'ask', allowedDecisions: ['approve', 'edit', 'reject'] }],
  script: [asksFor('payer', { input: 'Pay it.' }), says('Done.')],
});

const free = testAgent({ name: 'free', script: [says('Paid.')] });
export const remembered = testAgent({
  name: 'remembered',
  tools: [subAgent({ agent: free, description: 'Pays.' })],
  policy: [
    {
      id: 'free',
      match: 'free',
      effect: 'ask',
      approvers: { approvals: 2 },
      grantable: { scopes: ['agent'], maxTtl: '1h', maxUses: 5 },
    },
  ],
  script: [asksFor('free', { input: 'Pay it.' }), repeats],
});

const talkative = testAgent({ name: 'talkative', script: [says('So it is. '.repeat(1_000))] });
/** Its own turns fit its budget; what it calls does not. */
export const thrifty = testAgent({
  name: 'thrifty',
  limits: { budget: { tokens: 1_000 } },
  tools: [subAgent({ agent: talkative, description: 'Talks.' })],
  policy: [allow('talkative')],
  script: [asksFor('talkative', { input: 'Talk.' }), says('Done.')],
});

/** The run that carries a call of that run out. */
export const subRunOf = (person: Person, parent: StartedRun, rootRunId = parent.runId): StartedRun =>
  person.run(subRunId(rootRunId, parent.runId, 'call_1_0'));
