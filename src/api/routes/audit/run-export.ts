/** A root run's chain as an export: its events up to the head, then the signed commands of every run in it. */
import { EXPORT_VERSION } from '../../../domain/evidence/export-lines.ts';
import type { CommandLine, EventLine } from '../../../domain/evidence/export-lines.ts';
import type { SignedCommand } from '../../../domain/schemas/command.ts';
import { readCommands } from '../../../store/commands.ts';
import { readChain } from '../../../store/read-chain.ts';
import { getRun } from '../../../store/run-rows.ts';
import type { RunRow } from '../../../store/run-rows.ts';
import { signatureIdOf } from '../../decisions/signature-id.ts';
import type { Api } from '../../dependencies.ts';
import { eventPages } from './send-export.ts';
import type { ExportSource } from './write-export.ts';

const RUN_STARTED = '"type":"run.started"';

/** The run that an event says has started. */
const startedRun = ({ body }: EventLine): readonly string[] => {
  if (!body.includes(RUN_STARTED)) return [];
  try {
    const { type, runId } = JSON.parse(body) as { type?: unknown; runId?: unknown };
    return type === 'run.started' && typeof runId === 'string' ? [runId] : [];
  } catch {
    return [];
  }
};

const commandLine = (runId: string, signed: SignedCommand): CommandLine => {
  const { bytes, jws } = signed;
  return { type: 'command', runId, signatureId: signatureIdOf(signed), bytes, jws };
};

export function runExport(api: Api, root: RunRow, exportedAt: number): ExportSource {
  const { tenant, project, runId: rootRunId, eventSeq, headHash } = root;
  const scope = { tenant, project };
  const runIds = new Set([rootRunId]);

  const commandsOf = async (runId: string): Promise<readonly CommandLine[]> => {
    const [run, records] = await Promise.all([
      runId === rootRunId ? root : getRun(api.store, scope, runId),
      readCommands(api.store, scope, runId),
    ]);
    // The start of a sub-run follows from its parent: nobody signs it.
    const start = run && run.parentRunId === null ? [commandLine(runId, run.startCommand)] : [];
    const others = records.map(({ signed }) => commandLine(runId, signed));
    // The start is in its run's row; where it is kept with the others too, once is enough.
    return [...start, ...others.filter(({ signatureId }) => signatureId !== start[0]?.signatureId)];
  };

  return {
    header: {
      type: 'header',
      v: EXPORT_VERSION,
      kind: 'run',
      tenant,
      project,
      rootRunId,
      head: { seq: eventSeq, hash: headHash },
      exportedAt,
    },
    async *events() {
      for await (const page of eventPages(eventSeq, (at) => readChain(api.store, scope, rootRunId, at))) {
        for (const runId of page.flatMap(startedRun)) runIds.add(runId);
        yield page;
      }
    },
    commands: async () => (await Promise.all([...runIds].map(commandsOf))).flat(),
  };
}
