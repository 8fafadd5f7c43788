import type { NewAuditEvent } from '../../src/store/audit-events.ts';

/** What a change is told by, where the test is not about that. */
export const TOLD: NewAuditEvent = { type: 'test.changed', at: 1_800_000_000_000, data: {} };
