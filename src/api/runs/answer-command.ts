/** What the routes for commands have in common: they find the run, give it the command, and tell what became of it. */
import { CommandedRun } from '../../contract/run-commands.ts';
import type { Api } from '../dependencies.ts';
import { json } from '../responses.ts';
import type { AnyReply, AnyRequest } from '../server-type.ts';
import { clientGone } from '../streams/client-gone.ts';
import { runDetail } from '../views/run-view.ts';
import type { CommandAnswer, RunOrder } from './command-run.ts';
import { findRun } from './find-run.ts';

export const COMMAND_ANSWERS = {
  200: json('The run, and what became of the command', CommandedRun),
  202: json('The command is in the mailbox of the run; no worker answered in time', CommandedRun),
};

type Given<Body> = Pick<AnyRequest, 'caller' | 'reach'> & {
  readonly params: { readonly runId: string };
  readonly headers: { readonly 'idempotency-key'?: string | undefined };
  readonly body: Body;
};
type Answer = CommandAnswer & Partial<Pick<CommandedRun, 'warnings'>>;

export async function answerCommand<Body>(
  api: Api,
  { caller, reach, params, headers, body }: Given<Body>,
  reply: AnyReply,
  give: (api: Api, order: RunOrder<Body>) => Promise<Answer>,
): Promise<{ readonly status: 200 | 202; readonly answer: CommandedRun }> {
  const {
    run,
    commandId,
    outcome,
    guards,
    warnings = [],
  } = await give(api, {
    caller,
    run: await findRun(api, { caller, reach }, params.runId),
    request: body,
    idempotencyKey: headers['idempotency-key'],
    signal: clientGone(reply),
  });
  const answer = { ...(await runDetail(api, run)), commandId, outcome, guards: [...guards], warnings };
  return { status: outcome === 'pending' ? 202 : 200, answer };
}
