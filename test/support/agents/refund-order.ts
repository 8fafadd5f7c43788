import { z } from 'zod';
import type { AgentSource } from '../../../src/adapters/agents/define-agent.ts';
import { asksFor, recordingTool, says, testAgent } from '../../../src/testing/index.ts';

/** Asks once whether it may refund order 7, and is done. */
export const refundOrder = (): AgentSource =>
  testAgent({
    script: [asksFor('refund', { order: 7 }), says('Done.')],
    tools: [recordingTool('refund', { description: 'Pays.', input: z.strictObject({ order: z.number() }) })],
    policy: [{ id: 'ask-refund', match: 'refund', effect: 'ask', reason: 'Money.', risk: 'high' }],
  });
