/** Signals and queries: synchronous, registered before the first await, calling the core and nothing else. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { setDefaultSignalHandler, setHandler } from '@temporalio/workflow';
import { attestationOf, verifyCommand } from '../domain/core/attestation.ts';
import type { AttestationFault, Trust } from '../domain/core/attestation.ts';
import { isEarly } from '../domain/core/judge-decision.ts';
import type { Attestation } from '../domain/core/judge-decision.ts';
import type { Command, SignedCommand } from '../domain/schemas/command.ts';
import type { RunEvent } from '../domain/schemas/event.ts';
import type { LiveRun } from './live-run.ts';
import {
  approvalsQuery,
  blockSignal,
  blockedAboveSignal,
  cancelSignal,
  decideSignal,
  extendSignal,
  messageSignal,
  recheckSignal,
  resolveSignal,
  statusQuery,
  subRunStatusSignal,
  unblockSignal,
  verdictQuery,
} from './messages.ts';
import type { AgentRunInput, CommandName } from './messages.ts';
import { approvalsView, statusView, verdictView } from './views.ts';

const MAX_SIGNAL_NAME = 64;

const isStatusBelow = (status: string): status is 'running' | 'suspended' | 'needs_attention' =>
  ['running', 'suspended', 'needs_attention'].includes(status);

type CommandOf<Name extends CommandName> = Extract<Command, { type: Name }>;
type Attested<Name extends CommandName> = Attestation & { readonly command: CommandOf<Name> };
type Checked<Name extends CommandName> =
  | { readonly ok: true; readonly given: Attested<Name> }
  | { readonly ok: false; readonly code: AttestationFault | 'wrong_command' };

/** A decision that counts towards consent: the gate verifies it again. */
const givesConsent = (event: RunEvent, decisionId: string): boolean =>
  (event.type === 'approval.vote_recorded' &&
    event.data.decisionId === decisionId &&
    event.data.decision === 'approve') ||
  (event.type === 'approval.decided' && event.data.decisionId === decisionId && event.data.status === 'approved');

export const registerHandlers = (run: LiveRun, input: AgentRunInput): void => {
  const trust: Trust = { anchors: input.anchors, audience: input.audience, verify: ed25519.verify };

  const check = <Name extends CommandName>(name: Name, signed: SignedCommand): Checked<Name> => {
    const answer = verifyCommand(signed, trust, run.state.identity);
    if (!answer.ok) return answer;
    const { command, claims } = answer;
    if (command.type !== name) return { ok: false, code: 'wrong_command' };
    return { ok: true, given: { ...attestationOf(claims), command: command as CommandOf<Name> } };
  };

  /** Nothing that is unattested or malformed reaches the core: it is counted, and told as an event. */
  const attested =
    <Name extends CommandName>(name: Name, follow: (given: Attested<Name>, signed: SignedCommand) => unknown) =>
    (signed: SignedCommand): void => {
      const checked = check(name, signed);
      if (checked.ok) follow(checked.given, signed);
      else run.apply({ type: 'ignore', signal: name, code: checked.code });
    };

  const judge = (given: Attested<'decide'>, signed: SignedCommand): void => {
    const { approvalId, decisionId } = given.command;
    const decideBy = run.state.approvals[approvalId]?.decideBy;
    // What was due when it was given comes before it: it is judged by the rules that held then.
    if (decideBy !== undefined && given.attestedAt >= decideBy) run.apply({ type: 'tick' });
    const events = run.apply({ type: 'decide', given });
    if (events.some((event) => givesConsent(event, decisionId))) run.keepEvidence(approvalId, signed);
  };
  const decide = attested('decide', (given, signed) => {
    if (isEarly(run.state, given.command)) run.hold(() => judge(given, signed));
    else judge(given, signed);
  });

  const resolve = attested('resolve', (given, signed) => {
    const { toolCallId, epoch, resolution } = given.command;
    const events = run.apply({ type: 'resolve', given });
    const isRetried = resolution === 'retry' && epoch > 0 && events.some((event) => event.type === 'effect.resolved');
    if (isRetried) run.keepRetry(toolCallId, signed);
  });

  const cancel = (signed?: SignedCommand): void => {
    const checked = signed && check('cancel', signed);
    if (!checked?.ok) return void run.apply({ type: 'cancel', channel: 'temporal' });
    const { command, attestedAt: _, ...by } = checked.given;
    const { reasonRef, replacedBy } = command;
    run.apply({ type: 'cancel', ...by, ...(reasonRef && { reasonRef }), ...(replacedBy && { replacedBy }) });
  };

  const block = (signed?: SignedCommand): void => {
    const checked = signed && check('block', signed);
    run.apply({ type: 'block', given: checked?.ok ? checked.given : { channel: 'temporal' } });
  };

  setHandler(decideSignal, decide, { description: 'One signed decision. Unattested decisions change nothing.' });
  setHandler(cancelSignal, cancel, { description: 'Ends the run. Obeyed without a signature: it only tightens.' });
  setHandler(blockSignal, block, { description: 'Parks the run. Obeyed without a signature: it only tightens.' });
  setHandler(
    extendSignal,
    attested('extend', (given) => run.apply({ type: 'extend', given })),
    { description: 'Gives an approval more time. Signed.' },
  );
  setHandler(
    unblockSignal,
    attested('unblock', (given) => run.apply({ type: 'unblock', given })),
    { description: 'Lets a blocked run go on. Signed.' },
  );
  setHandler(
    messageSignal,
    attested('message', (given) => run.apply({ type: 'message', given })),
    { description: 'Says something to the model. Signed; decides nothing.' },
  );
  setHandler(resolveSignal, resolve, { description: 'Says how a parked call goes on. Signed.' });
  setHandler(recheckSignal, (toolCallId) => void run.apply({ type: 'recheck', toolCallId }), {
    description: 'Asks the ledger once more about a call whose outcome is unknown.',
  });
  setHandler(blockedAboveSignal, () => void run.apply({ type: 'block_above' }), {
    description: 'Parks a sub-run whose caller is blocked.',
  });
  setHandler(
    subRunStatusSignal,
    (toolCallId, status) => {
      if (isStatusBelow(status)) run.apply({ type: 'sub_run_status', toolCallId, status });
    },
    { description: 'What a sub-run is at. Shown, and nothing else.' },
  );
  setDefaultSignalHandler(
    (name) => void run.apply({ type: 'ignore', signal: name.slice(0, MAX_SIGNAL_NAME), code: 'unknown_signal' }),
  );
  setHandler(statusQuery, () => statusView(run.state), { description: 'Status, turn and counts of the run.' });
  setHandler(approvalsQuery, () => approvalsView(run.state), {
    description: 'Approvals of the open turn, up to 16 KB.',
  });
  setHandler(verdictQuery, (approvalId, decisionId) => verdictView(run.state, approvalId, decisionId), {
    description: 'What became of one decision.',
  });
};
