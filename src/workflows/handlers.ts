/** Signals and queries: synchronous, registered before the first await, calling the core and nothing else. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { verifyCommand } from '../domain/core/attestation.ts';
import type { Trust } from '../domain/core/attestation.ts';
import type { SignedCommand } from '../domain/schemas/command.ts';
import type { LiveRun } from './live-run.ts';
import { approvalsQuery, cancelSignal, decideSignal, statusQuery, verdictQuery } from './messages.ts';
import type { AgentRunInput } from './messages.ts';
import { approvalsView, statusView, verdictView } from './views.ts';

const MAX_SIGNAL_NAME = 64;

export const registerHandlers = (run: LiveRun, input: AgentRunInput): void => {
  const trust: Trust = { anchors: input.anchors, audience: input.audience, verify: ed25519.verify };
  const attested = (signed: SignedCommand) => verifyCommand(signed, trust, run.state.identity);

  const decide = (signed: SignedCommand): void => {
    const answer = attested(signed);
    if (!answer.ok) return run.apply({ type: 'ignore', signal: 'decide', code: answer.code });
    const { command, claims } = answer;
    if (command.type !== 'decide') return run.apply({ type: 'ignore', signal: 'decide', code: 'wrong_command' });
    const { authTime: _, ...actor } = claims.actor;
    const given = { command, actor, channel: claims.channel, attestedAt: claims.iat, signatureId: claims.jti };
    run.apply({ type: 'decide', given });
    const approval = run.state.approvals[command.approvalId];
    if (approval?.status === 'approved' && approval.decision?.decisionId === command.decisionId)
      run.keepEvidence(command.approvalId, signed);
  };

  const cancel = (signed?: SignedCommand): void => {
    const answer = signed ? attested(signed) : undefined;
    if (!answer?.ok || answer.command.type !== 'cancel') return run.apply({ type: 'cancel', channel: 'temporal' });
    const { authTime: _, ...actor } = answer.claims.actor;
    const { reasonRef } = answer.command;
    run.apply({ type: 'cancel', actor, channel: answer.claims.channel, ...(reasonRef && { reasonRef }) });
  };

  setHandler(decideSignal, decide, { description: 'One signed decision. Unattested decisions change nothing.' });
  setHandler(cancelSignal, cancel, { description: 'Ends the run. Obeyed without a signature: it only tightens.' });
  setDefaultSignalHandler((name) =>
    run.apply({ type: 'ignore', signal: name.slice(0, MAX_SIGNAL_NAME), code: 'unknown_signal' }),
  );
  setHandler(statusQuery, () => statusView(run.state), { description: 'Status, turn and counts of the run.' });
  setHandler(approvalsQuery, () => approvalsView(run.state), {
    description: 'Approvals of the open turn, up to 16 KB.',
  });
  setHandler(verdictQuery, (approvalId, decisionId) => verdictView(run.state, approvalId, decisionId), {
    description: 'What became of one decision.',
  });
};
