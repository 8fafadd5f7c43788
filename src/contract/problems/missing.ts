/** 404: there is no such thing, or not for who asks. */
import type { ProblemKind } from './problem-kind.ts';

export const MISSING = {
  route_not_found: {
    status: 404,
    title: 'No such route',
    detail: 'Nothing is served under this path.',
    next: '/openapi.json lists every route.',
  },
  run_not_found: {
    status: 404,
    title: 'No such run',
    detail: 'There is no such run, or it is not yours to see.',
    next: 'Check the id and the project of your credential.',
  },
  approval_not_found: {
    status: 404,
    title: 'No such approval',
    detail: 'There is no such approval, or it is not yours to see.',
    next: 'GET /v1/runs/{runId}/approvals lists those of the run.',
  },
  decision_not_found: {
    status: 404,
    title: 'No such decision',
    detail: 'No decision with this id was given on this approval.',
    next: 'Send the decision again, with the same Idempotency-Key if you used one.',
  },
  artifact_not_found: {
    status: 404,
    title: 'No such artifact',
    detail: "The run's workspace has no such file.",
    next: 'GET /v1/runs/{runId}/artifacts lists those of the run.',
  },
  media_not_found: {
    status: 404,
    title: 'No such media',
    detail: 'No tool of the run has kept anything under this hash, or it was erased.',
    next: 'GET /v1/runs/{runId}/media lists what there is.',
  },
  brake_not_found: {
    status: 404,
    title: 'No such brake',
    detail: 'There is no such brake, or it is not one of your project.',
    next: 'GET /v1/brakes lists the brakes.',
  },
  bypass_not_found: {
    status: 404,
    title: 'No such bypass',
    detail: 'The brake has no such bypass.',
    next: 'GET /v1/brakes/{brakeId} lists the bypasses of the brake.',
  },
  grant_not_found: {
    status: 404,
    title: 'No such grant',
    detail: 'There is no such grant, or it is not yours to see.',
    next: 'GET /v1/grants lists the grants.',
  },
  session_not_found: {
    status: 404,
    title: 'No session',
    detail: 'The request was not made with the cookie of a session.',
    next: 'Sign in with POST /v1/session.',
  },
  key_not_found: {
    status: 404,
    title: 'No such key',
    detail: 'There is no such key, or it is not yours to see.',
    next: 'GET /v1/keys lists the keys.',
  },
  delegation_not_found: {
    status: 404,
    title: 'No such delegation',
    detail: 'There is no such delegation, or it is not yours to see.',
    next: 'GET /v1/delegations lists the delegations.',
  },
  task_not_found: {
    status: 404,
    title: 'No such task',
    detail: 'The gate has handed over no such call, or not to workers of your project.',
    next: 'Carry nothing out: whoever put this on the task queue was not the gate. Check the project of the key.',
  },
} as const satisfies Record<string, ProblemKind>;
