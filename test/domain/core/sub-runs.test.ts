/** A call that another agent carries out, as the core of its caller sees it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pathOf, subRunSalt } from '../../../src/domain/core/sub-runs.ts';
import { call, coreRun, ref, typesOf, verdict } from '../../support/core.ts';

const agent = (index: number) =>
  call(1, index, verdict('allow'), { tool: 'cashier', role: 'agent', effect: 'idempotent' });
const SUB_RUN = `run_${'a'.repeat(26)}.${'b'.repeat(16)}`;

const calling = (...indexes: number[]) => {
  const run = coreRun();
  run.asks(...indexes.map(agent));
  for (const index of indexes) run.dispatches(`call_1_${index}`);
  return run;
};
const tells = (
  run: ReturnType<typeof coreRun>,
  toolCallId: string,
  status: 'running' | 'suspended' | 'needs_attention',
) => typesOf(run.apply({ type: 'sub_run_status', toolCallId, status }));

describe('S1.15 what a caller is at', () => {
  test('while its agents wait for people, so does it; with one that moves, it does', () => {
    const run = calling(0, 1);
    expect(tells(run, 'call_1_0', 'suspended')).toEqual(['sub_run.changed']);
    expect(run.state.status).toBe('running');
    expect(tells(run, 'call_1_1', 'needs_attention')).toEqual(['sub_run.changed', 'run.suspended']);
    expect(tells(run, 'call_1_1', 'running')).toEqual(['sub_run.changed', 'run.resumed']);
    expect(tells(run, 'call_1_1', 'suspended')).toEqual(['sub_run.changed', 'run.suspended']);
    expect(typesOf(run.settles('call_1_0'))).toEqual(['tool.completed']);
    expect(typesOf(run.settles('call_1_1'))).toEqual(['tool.completed', 'run.resumed']);
  });

  test('nothing changes by what is told twice, of calls that are not out, or of other tools', () => {
    const run = calling(0);
    run.apply({ type: 'sub_run_status', toolCallId: 'call_1_0', status: 'suspended' });
    const before = run.state;
    for (const id of ['call_1_0', 'call_1_7']) expect(tells(run, id, 'suspended')).toEqual([]);
    expect(run.state).toBe(before);
    const other = coreRun();
    other.asks(call(1, 0, verdict('allow')));
    other.dispatches('call_1_0');
    expect(tells(other, 'call_1_0', 'suspended')).toEqual([]);
  });
});

test('S1.15 whatever is told in whatever order, a caller is suspended exactly while all that is out waits for people', () => {
  const CALLS = 3;
  const move = fc.record({
    index: fc.nat(CALLS - 1),
    what: fc.constantFrom('running', 'suspended', 'needs_attention', 'ends', 'block', 'unblock', 'continued'),
  });
  fc.assert(
    fc.property(fc.array(move, { maxLength: 30 }), (moves) => {
      const run = calling(...Array.from({ length: CALLS }, (_, index) => index));
      const out = new Map(Array.from({ length: CALLS }, (_, index) => [index, 'running']));
      let isBlocked = false;
      for (const { index, what } of moves) {
        if (what === 'block') {
          run.blocks();
          isBlocked = true;
        } else if (what === 'unblock') {
          run.unblocks();
          isBlocked = false;
        } else if (what === 'ends') {
          run.settles(`call_1_${index}`);
          out.delete(index);
        } else if (what !== 'continued') {
          tells(run, `call_1_${index}`, what);
          if (out.has(index)) out.set(index, what);
        }
        const waits = out.size > 0 && [...out.values()].every((status) => status !== 'running');
        expect(run.state.status).toBe(isBlocked ? 'needs_attention' : waits ? 'suspended' : 'running');
      }
    }),
    { numRuns: 300 },
  );
});

describe('S1.15 a block that came from above', () => {
  test('parks the run once, and goes with the order that says so; one of its own stays', () => {
    const run = calling(0);
    expect(typesOf(run.apply({ type: 'block_above' }))).toEqual(['run.blocked']);
    expect(run.apply({ type: 'block_above' })).toEqual([]);
    run.blocks();
    const command = { type: 'unblock', runId: 'run_x', commandId: 'c1', noteRef: ref('n'), inherited: true } as const;
    const actor = { principal: 'olga', kind: 'person', groups: [], credentialId: 'k' } as const;
    const given = {
      command,
      actor: { ...actor, groups: [] },
      channel: 'api' as const,
      attestedAt: run.now,
      signatureId: 's',
    };
    expect(typesOf(run.apply({ type: 'unblock', given }))).toEqual(['run.unblocked']);
    expect(run.state.attentions).toMatchObject([{ code: 'blocked' }]);
    expect(typesOf(run.unblocks())).toEqual(['run.unblocked', 'run.resumed']);
  });

  test('an order for what came from above lifts nothing else', () => {
    const run = calling(0);
    run.blocks();
    const command = { type: 'unblock', runId: 'run_x', commandId: 'c1', noteRef: ref('n'), inherited: true } as const;
    const actor = { principal: 'olga', kind: 'person' as const, groups: [], credentialId: 'k' };
    const given = { command, actor, channel: 'api' as const, attestedAt: run.now, signatureId: 's' };
    expect(run.apply({ type: 'unblock', given })).toMatchObject([
      { type: 'command.refused', data: { code: 'not_blocked' } },
    ]);
    expect(run.state.status).toBe('needs_attention');
  });
});

test('S1.15 a run’s usage is the sum of its own turns and of what its agents came to, each once', () => {
  const tokens = fc.record({ inputTokens: fc.nat(9_999), outputTokens: fc.nat(9_999) });
  fc.assert(
    fc.property(fc.array(tokens, { minLength: 1, maxLength: 8 }), (used) => {
      const run = calling(...used.keys());
      for (const [index, usage] of used.entries()) {
        const settled = {
          type: 'tool_settled' as const,
          toolCallId: `call_1_${index}`,
          result: { type: 'completed' as const, resultRef: ref('r') },
          subRun: { runId: SUB_RUN, usage },
        };
        run.apply(settled);
        run.apply(settled);
      }
      const told = run.events.flatMap((event) => (event.type === 'usage.recorded' ? [event.data] : []));
      const sum = (field: 'inputTokens' | 'outputTokens') => told.reduce((total, one) => total + one[field], 0);
      expect(run.state.usage).toEqual({ inputTokens: sum('inputTokens'), outputTokens: sum('outputTokens') });
      expect(sum('inputTokens')).toBe(10 + used.reduce((total, one) => total + one.inputTokens, 0));
    }),
  );
});

test('S1.15 path and salt follow from the parent alone', () => {
  expect(pathOf({ agent: 'cashier' })).toEqual(['cashier']);
  const salts = [
    subRunSalt('a', 'r', 'run'),
    subRunSalt('a', 'r', 'input'),
    subRunSalt('b', 'r', 'run'),
    subRunSalt('a', 's', 'run'),
  ];
  expect(new Set(salts).size).toBe(4);
  for (const salt of salts) expect(salt).toMatch(/^[0-9a-f]{32}$/);
});
