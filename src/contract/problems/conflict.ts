/** 409: what is asked for does not go with what stands. */
import type { ProblemKind } from './problem-kind.ts';

export const CONFLICT = {
  already_decided: {
    status: 409,
    title: 'Somebody has decided already',
    detail: 'Another decision came first; `winner` says which.',
    next: 'Nothing: the first valid decision stands.',
  },
  already_voted: {
    status: 409,
    title: 'You have voted already',
    detail: 'You voted otherwise on this revision before; one person has one vote.',
    next: 'Nothing: your vote stands. Others must agree.',
  },
  claimed: {
    status: 409,
    title: 'Somebody else is looking at it',
    detail: 'Another person has claimed the approval; `claim` says who, and until when.',
    next: 'Wait until the claim ends, ask the person, or decide with `force` as an operator.',
  },
  digest_mismatch: {
    status: 409,
    title: 'This is not what would run',
    detail: 'The digest sent is not the one of the pending call; nothing was decided.',
    next: 'Load the approval again, look at what it asks for now, and decide with its current digest.',
  },
  superseded: {
    status: 409,
    title: 'The request was superseded',
    detail: 'An edit, or a request for changes, has replaced it; nothing was decided.',
    next: 'Load the approvals of the run: where a newer revision pends, decide that one.',
  },
  decision_refused: {
    status: 409,
    title: 'The run refused the decision',
    detail: 'The run did not accept the decision in its present state.',
    next: 'Load the approval again and decide anew if it is still pending.',
  },
  command_refused: {
    status: 409,
    title: 'The run refused the command',
    detail: 'The run did not follow the command in its present state.',
    next: 'Load the run again, and send a new command if it is still wanted.',
  },
  too_many_messages: {
    status: 409,
    title: 'The run has had too many messages',
    detail: 'The run takes no more messages; nothing was changed.',
    next: 'Decide what the run waits for, or cancel it and start another with what was said.',
  },
  not_blocked: {
    status: 409,
    title: 'The run is not blocked',
    detail: 'Nobody has blocked the run; there is nothing to unblock.',
    next: 'Load the run: `attentions` says what it needs, if anything.',
  },
  not_parked: {
    status: 409,
    title: 'The call is not parked',
    detail: 'The call does not wait for an operator; nothing was changed.',
    next: 'Load the run: `attentions` lists the calls that are parked.',
  },
  effect_settled: {
    status: 409,
    title: 'The attempt has reported meanwhile',
    detail: 'The ledger knows how the call ended; nothing is left to say about it.',
    next: 'Load the run in a moment: it goes on with what really happened.',
  },
  attempt_changed: {
    status: 409,
    title: 'Not the attempt you were shown',
    detail: 'The call has been tried again, or changed, since it was shown; nothing was resolved.',
    next: 'Load the run again, look at the parked call, and resolve it with its current `epoch` and `digest`.',
  },
  key_ended: {
    status: 409,
    title: 'The key has ended',
    detail: 'The key is revoked or expired: it gets no other secret.',
    next: 'Have a new key made.',
  },
  brake_released: {
    status: 409,
    title: 'The brake is released',
    detail: 'The brake is off; there is nothing to bypass.',
    next: 'Nothing: calls go on.',
  },
  classic_run: {
    status: 409,
    title: 'The run is of classic execution',
    detail: 'The run is driven within the request that asked for it: it takes no messages, and waits for nobody.',
    next: 'Wait for its end, or cancel it. For runs that people can stop, talk to or resolve, make the agent durable.',
  },
  conversation_busy: {
    status: 409,
    title: 'The conversation has an unfinished run',
    detail: 'At most one run of a conversation is unfinished; `runId` names it, where you may see it.',
    next: 'Wait for that run, cancel it, use another conversation, or start with `replace`.',
  },
} as const satisfies Record<string, ProblemKind>;
