import type { Check } from '../../contract/check-up.ts';
import { explainConfig } from '../../platform/explain-config.ts';

export function checkConfiguration(): readonly Check[] {
  const { variables, faults } = explainConfig();
  const set = variables.filter(({ source }) => source !== 'default').length;
  if (faults.length === 0) return [{ subject: 'configuration', status: 'ok', detail: `${set} values are set` }];
  return faults.map((detail) => ({
    subject: 'configuration',
    status: 'failed',
    detail,
    next: 'docs/reference/configuration.md says what each variable takes; `countersign config show`, where it comes from.',
  }));
}
