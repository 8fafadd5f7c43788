/** 401 and 403: who asks may not have this. */
import type { ProblemKind } from './problem-kind.ts';

export const ACCESS = {
  unauthenticated: {
    status: 401,
    title: 'Who are you?',
    detail: 'The request has no valid credential.',
    next: 'Send `Authorization: Bearer <API key or token>`, with one that is neither revoked nor expired.',
  },
  forbidden: {
    status: 403,
    title: 'Your roles do not allow this',
    detail: 'None of the roles of this credential includes the action.',
    next: 'Use a credential with a role that includes it, or ask an administrator.',
  },
  project_not_allowed: {
    status: 403,
    title: 'Not a project of this credential',
    detail: 'The credential is not bound to the project that the request names.',
    next: 'Leave out the header Countersign-Project or name a project of this credential.',
  },
  forged_request: {
    status: 403,
    title: 'Not from a page of ours',
    detail: 'A request by the session cookie that changes something must show that a page of this server made it.',
    next: 'Send `csrfToken` of GET /v1/session as the header Countersign-Csrf, from a page of the same origin.',
  },
  not_yours_to_name: {
    status: 403,
    title: 'Not yours to name a requester',
    detail: 'Only a service whose roles include run.start_for starts runs for others.',
    next: 'Leave out `requester`, or use the credential of such a service.',
  },
  not_yours_to_give: {
    status: 403,
    title: 'Not yours to give',
    detail: 'A key holds no more than whoever makes it could hold, and services make no keys for people.',
    next: 'Leave out what you do not have yourself, or ask an administrator who is a person.',
  },
  not_an_approver: {
    status: 403,
    title: 'The rule names other approvers',
    detail: 'The policy rule that asks for consent does not count you among the approvers.',
    next: 'Ask one of the approvers named by the approval under `approverRules`.',
  },
  self_approval: {
    status: 403,
    title: 'Not by whoever asked for it',
    detail:
      'The policy rule wants the consent of somebody else: you asked for the run, or put words or values into it.',
    next: 'Ask another approver.',
  },
  service_cannot_decide: {
    status: 403,
    title: 'Only people decide',
    detail: 'The credential belongs to a service; consent is given by a person.',
    next: "Decide with a person's credential.",
  },
  channel_not_allowed: {
    status: 403,
    title: 'Not by this way',
    detail: 'The policy rule does not let this be decided by the way the decision came in.',
    next: 'Decide by one of the ways that the approval lists under `channels`.',
  },
} as const satisfies Record<string, ProblemKind>;
