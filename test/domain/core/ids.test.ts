import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as ids from '../../../src/domain/core/ids.ts';
import { RunId, ToolCallId } from '../../../src/domain/schemas/names.ts';

const owner = { tenant: 'acme', project: 'web', principal: 'anna', key: 'order-1' };

describe('ids', () => {
  test('B4 S3.3 a run id follows from tenant, project, principal and key, and from nothing else', () => {
    const id = ids.runIdFromKey(owner);
    expect(id).toBe('run_oq4bznm5tbgcwhijv3bcwn4nbt');
    expect(RunId.parse(id)).toBe(id);
    expect(ids.runIdFromKey({ ...owner })).toBe(id);
    for (const change of [{ tenant: 'acm' }, { project: 'eweb' }, { principal: 'ann' }, { key: 'order-2' }])
      expect(ids.runIdFromKey({ ...owner, ...change })).not.toBe(id);
    // Parts do not run into each other.
    expect(ids.runIdFromKey({ ...owner, principal: 'ann', key: 'aorder-1' })).not.toBe(id);
  });

  test('a run id needs 130 bits', () => {
    expect(ids.runIdFromBytes(new Uint8Array(17))).toBe(`run_${'a'.repeat(26)}`);
    expect(() => ids.runIdFromBytes(new Uint8Array(16))).toThrow(RangeError);
  });

  test('S3.3 approvals are keyed by call, so that the same tool called twice does not collide', () => {
    const runId = ids.runIdFromKey(owner);
    const first = ids.approvalId(runId, ids.toolCallId(1, 0));
    expect(first).toBe(`tool-approval:${runId}:call_1_0`);
    expect(first).not.toBe(ids.approvalId(runId, ids.toolCallId(1, 1)));
    expect(ids.parseApprovalId(first)).toEqual({ runId, key: 'call_1_0' });
    expect(ToolCallId.safeParse(ids.toolCallId(12, 3)).success).toBe(true);
  });

  test('sub-runs are named by parent and call', () => {
    const root = ids.runIdFromKey(owner);
    const sub = ids.subRunId(root, root, 'call_1_0');
    expect(RunId.parse(sub)).toBe(sub);
    expect(sub).not.toBe(ids.subRunId(root, root, 'call_1_1'));
  });

  test('decision tokens come back as they went, and nothing else is one', () => {
    const approvalId = ids.approvalId(ids.runIdFromKey(owner), 'call_2_1');
    const token = ids.decisionToken({ approvalId, revision: 3, digest: `sha256:${'ab'.repeat(32)}` });
    expect(ids.parseDecisionToken(token)).toEqual({ approvalId, revision: 3, digestStart: 'ab'.repeat(8) });
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(ids.parseDecisionToken(text)).toBeUndefined();
        expect(ids.parseApprovalId(text)).toBeUndefined();
      }),
    );
  });

  test('workflow ids are taken apart as they were put together', () => {
    const address = { tenant: 'acme', project: 'web', runId: ids.runIdFromKey(owner) };
    expect(ids.parseWorkflowId(ids.workflowId(address))).toEqual(address);
    expect(ids.parseWorkflowId('a/b')).toBeUndefined();
    expect(ids.parseWorkflowId('a/b/c/d')).toBeUndefined();
  });
});
