/** Whether a signed command says what its event says. */
import type { Command } from '../schemas/command.ts';
import type { EventOf, RunEvent } from '../schemas/event.ts';
import { isSame } from './signed-commands.ts';

type CommandOf<T extends Command['type']> = Extract<Command, { type: T }>;
type DecisionData =
  | EventOf<'approval.decided'>['data']
  | EventOf<'approval.vote_recorded'>['data']
  | EventOf<'approval.superseded'>['data'];

/** The first field of two objects that differs, among those named. */
const difference = <K extends string>(fields: readonly K[], one: object, other: object): K | undefined =>
  fields.find((field) => !isSame((one as Record<K, unknown>)[field], (other as Record<K, unknown>)[field]));

const decisionDifference = (command: CommandOf<'decide'>, data: DecisionData): string | undefined => {
  const { stateEditsRef, statePaths } = { stateEditsRef: undefined, statePaths: undefined, ...data };
  return (
    difference(['approvalId', 'revision', 'decisionId', 'decision', 'reasonRef'], command, data) ??
    difference(['responseRef', 'edited', 'grantId'], command, data) ??
    (isSame(command.stateEdits?.ref, stateEditsRef) && isSame(command.stateEdits?.paths, statePaths)
      ? undefined
      : 'stateEdits')
  );
};

const EXPECTED: Partial<Record<RunEvent['type'], Command['type']>> = {
  'approval.decided': 'decide',
  'approval.vote_recorded': 'decide',
  'approval.superseded': 'decide',
  'approval.extended': 'extend',
  'run.started': 'start',
  'run.blocked': 'block',
  'run.unblocked': 'unblock',
  'message.received': 'message',
  'run.cancel_requested': 'cancel',
  'run.cancelled': 'cancel',
  'effect.resolved': 'resolve',
};

/** The field in which command and event differ; `type` where the command is of another kind. */
export const commandDifference = (command: Command, event: RunEvent): string | undefined => {
  const expected = EXPECTED[event.type];
  if (expected !== undefined && command.type !== expected) return 'type';
  switch (event.type) {
    case 'approval.decided':
    case 'approval.vote_recorded':
    case 'approval.superseded':
      return decisionDifference(command as CommandOf<'decide'>, event.data);
    case 'approval.extended':
      return difference(['approvalId', 'revision', 'commandId', 'decideBy', 'reasonRef'], command, event.data);
    case 'run.started':
      return (
        difference(['agent', 'agentDigest', 'policyDigest', 'requester'], command, event.data) ??
        difference(['inputRef', 'conversationId', 'stateRef', 'contributors'], command, event.data)
      );
    case 'run.blocked':
      return difference(['commandId', 'reasonRef'], command, event.data);
    case 'run.unblocked':
      return difference(['commandId', 'noteRef'], command, event.data);
    case 'message.received':
      return difference(['commandId', 'textRef'], command, event.data);
    case 'run.cancel_requested':
    case 'run.cancelled':
      return difference(['reasonRef'], command, event.data);
    case 'effect.resolved':
      return (
        difference(['toolCallId', 'effectKey', 'epoch', 'commandId'], command, event.data) ??
        difference(['resolution', 'reasonRef'], command, event.data)
      );
    default:
      return undefined;
  }
};
