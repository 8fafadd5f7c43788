import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addAuditExport } from './audit-export.ts';
import { addAuditTrust } from './audit-trust.ts';
import { addAuditVerify } from './audit-verify.ts';

export function addAudit(program: Command, context: CliContext): void {
  const audit = program.command('audit').description('take the evidence away, and check it without the system');
  addAuditExport(audit, context);
  addAuditVerify(audit, context);
  addAuditTrust(audit, context);
}
