/** What Temporal remembers of a run, read by a process of its own: the command line itself speaks HTTP only. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { WorkflowHistory } from '../../domain/evidence/workflow-history.ts';
import { installationEnvironment } from '../../platform/environment/child-environment.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { projectRoot } from '../project-root.ts';

const PROGRAM = join(projectRoot, 'src', 'processes', 'read-history.ts');

/** `address`: `host:port`, where it is not in TEMPORAL_ADDRESS. */
export async function temporalHistory(workflowId: string, address: string | undefined): Promise<WorkflowHistory> {
  const environment = installationEnvironment(address === undefined ? {} : { TEMPORAL_ADDRESS: address });
  const child = spawn(process.execPath, [PROGRAM, workflowId], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed.err += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return WorkflowHistory.parse(JSON.parse(printed.out));
  const reason = /^\s*(?:\w*Error: )(.+)$/m.exec(printed.err)?.[1] ?? 'it gave no reason';
  throw new CliError(
    EXIT.unreachable,
    `Temporal's history of ${workflowId} could not be read: ${reason}`,
    'Name its address with --temporal <host:port> or TEMPORAL_ADDRESS.',
  );
}
