import { ExportVerifier } from '../../src/domain/evidence/verify-export.ts';
import type { AuditReport } from '../../src/domain/evidence/report.ts';
import { verifySignature } from '../../src/platform/verify-signature.ts';
import type { Person, World } from '../../src/testing/index.ts';

/** What an auditor finds in the export of a run. */
export const verifiedExport = async ({ url }: World, person: Person, runId: string): Promise<AuditReport> => {
  const path = '/.well-known/countersign-trust.json';
  const { body } = await person.request<{ audience: string; anchors: string[] }>('GET', path);
  const headers = { accept: 'application/jsonl', authorization: `Bearer ${person.key}` };
  const text = await (await fetch(new URL(`/v1/runs/${runId}/audit`, url), { headers })).text();
  const verifier = new ExportVerifier({ trust: { ...body, verify: verifySignature } });
  for (const line of text.split('\n')) if (line !== '') verifier.line(line);
  return verifier.finish().report;
};
