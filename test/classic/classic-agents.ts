/** Agents of classic execution, and a gate at which some of them stand still. */
import { subAgent } from '../../src/adapters/tools/built-in/sub-agent.ts';
import { asksFor, asksForAll, recordingTool, says, testAgent } from '../../src/testing/index.ts';

const freely = { id: 'freely', match: '*', effect: 'allow' } as const;
const classic = { execution: 'classic', policy: [freely] } as const;

export const note = recordingTool('note');
let open: () => void = () => undefined;
let gate: Promise<void> = Promise.resolve();
/** From now on they stand still, until it is opened. */
export const closeGate = (): void => {
  const { promise, resolve } = Promise.withResolvers<void>();
  open = resolve;
  gate = promise;
};
export const openGate = (): void => open();

/** Stands still until the gate opens or it is asked to stop. */
export const slow = recordingTool('slow', {
  effect: 'once',
  run: async (_, { signal }) => {
    const stopped = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
    await Promise.race([gate, stopped]);
    return { ok: true };
  },
});
/** Large amounts ask. */
export const pay = recordingTool('pay', {
  policy: [
    { id: 'small', effect: 'allow' },
    { id: 'large', when: 'args.text == "1000"', effect: 'ask', reason: 'Large amounts need consent.' },
    { id: 'absurd', when: 'args.text == "1000000"', effect: 'deny', reason: 'Nobody pays so much.' },
  ],
});

const helper = testAgent({ ...classic, tools: [note], script: [asksFor('note', { text: 'a' }), says('Noted.')] });
export const agents = [
  helper,
  testAgent({
    name: 'boss',
    policy: [freely],
    tools: [subAgent({ agent: helper, description: 'Takes a note.' })],
    script: [asksFor('helper', { input: 'Begin.' }), says('Delegated.')],
  }),
  testAgent({ ...classic, name: 'slowcoach', tools: [slow], script: [asksFor('slow'), says('Done.')] }),
  testAgent({
    execution: 'classic',
    name: 'payer',
    tools: [pay],
    script: [
      asksForAll(['1', '1000', '1000000'].map((text) => asksFor('pay', { text }))),
      (request) => says(request.messages.flatMap((one) => (one.role === 'tool' ? [one.text] : [])).join('\n')),
    ],
  }),
  testAgent({
    ...classic,
    name: 'speaker',
    script: [says('Once upon a time.')],
    // Stands still after its first words.
    streaming: { chunkLength: 12, pause: ({ text }) => (text.startsWith('Once') ? gate : Promise.resolve()) },
  }),
  testAgent({
    ...classic,
    name: 'spender',
    tools: [note],
    limits: { budget: { turns: 1 } },
    script: [asksFor('note'), asksFor('note'), says('Never said.')],
  }),
  testAgent({
    ...classic,
    name: 'hurried',
    tools: [slow],
    limits: { requestTimeoutMs: 400 },
    script: [asksFor('slow'), says('Done.')],
  }),
];
