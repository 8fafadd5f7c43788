/** What can happen to a run, as plain data: a failure prints the shortest list of these that it found. */
import fc from 'fast-check';
import { PEOPLE, POLICY_NAMES } from './cast.ts';
import type { PolicyName, Who } from './cast.ts';

const KINDS = ['approve', 'reject', 'edit', 'respond', 'request_changes'] as const;
const FLAWS = [
  'digest',
  'noDigest',
  'revision',
  'late',
  'signature',
  'repeat',
  'unknown',
  'unfinished',
  'forged',
] as const;
const ROLES = ['tool', 'granted', 'question', 'block', 'problem'] as const;
const EFFECTS = ['once', 'idempotent', 'none'] as const;
const RESOLUTIONS = ['mark_done', 'retry', 'fail'] as const;
const INJECTED = ['void_consent', 'park', 'deny'] as const;

export interface ModelCall {
  readonly policy: PolicyName;
  readonly role: (typeof ROLES)[number];
  readonly effect: (typeof EFFECTS)[number];
  /** The same arguments as others that say so. */
  readonly same: boolean;
}

export interface DecideMove {
  readonly do: 'decide';
  readonly which: number;
  readonly kind: (typeof KINDS)[number];
  readonly who: Who;
  readonly flaw?: (typeof FLAWS)[number] | undefined;
  readonly inbox: boolean;
  readonly reason: boolean;
  readonly editTo: PolicyName;
  readonly state?: string | undefined;
  readonly grant: boolean;
}

export type Move =
  /** The driver does whatever `next` says. */
  | { readonly do: 'drive' }
  | { readonly do: 'answer'; readonly calls: readonly ModelCall[]; readonly unmet: boolean }
  | { readonly do: 'modelFails'; readonly retryable: boolean }
  | DecideMove
  | { readonly do: 'time'; readonly ms: number }
  /** A step goes on by so many stages; the gate may be made to refuse. */
  | {
      readonly do: 'step';
      readonly which: number;
      readonly stages: number;
      readonly refuse?: (typeof INJECTED)[number] | undefined;
    }
  /** A step dies and is tried again; what it was doing may still go on. */
  | { readonly do: 'crash'; readonly which: number; readonly lingers: boolean }
  | { readonly do: 'linger'; readonly which: number }
  | { readonly do: 'giveUp'; readonly which: number }
  /** A dispatch that nobody offered. */
  | { readonly do: 'force'; readonly which: number }
  | { readonly do: 'cancel' }
  | { readonly do: 'block'; readonly signed: boolean; readonly repeat: boolean }
  | { readonly do: 'unblock'; readonly who: Who; readonly repeat: boolean }
  | {
      readonly do: 'extend';
      readonly which: number;
      readonly byMs: number;
      readonly stale: boolean;
      readonly repeat: boolean;
    }
  | {
      readonly do: 'resolve';
      readonly which: number;
      readonly resolution: (typeof RESOLUTIONS)[number];
      readonly stale: boolean;
      readonly who: Who;
      readonly repeat: boolean;
    }
  | { readonly do: 'recheck'; readonly which: number }
  | { readonly do: 'revoke' }
  /** Goes on as a new execution, with the state as JSON. */
  | { readonly do: 'roll' };

const which = fc.nat(7);
const who = fc.constantFrom(...(Object.keys(PEOPLE) as Who[]));
const policy = fc.constantFrom(...POLICY_NAMES);
const seldom = fc.nat(5).map((n) => n === 0);
const of = <T extends Move['do'], R extends object>(name: T, fields: { [K in keyof R]: fc.Arbitrary<R[K]> }) =>
  fc.record({ do: fc.constant(name), ...fields }) as unknown as fc.Arbitrary<Extract<Move, { do: T }>>;

const modelCall: fc.Arbitrary<ModelCall> = fc.record({
  policy: fc.oneof(
    { arbitrary: policy, weight: 8 },
    { arbitrary: fc.constantFrom('together', 'allow', 'one', 'two'), weight: 3 },
  ),
  role: fc.oneof(
    { arbitrary: fc.constant('tool' as const), weight: 8 },
    { arbitrary: fc.constantFrom(...ROLES), weight: 3 },
  ),
  effect: fc.constantFrom(...EFFECTS),
  same: seldom,
});

const decision = of('decide', {
  which,
  kind: fc.oneof(
    { arbitrary: fc.constant('approve' as const), weight: 4 },
    { arbitrary: fc.constantFrom(...KINDS), weight: 4 },
  ),
  who,
  flaw: fc.option(fc.constantFrom(...FLAWS), { nil: undefined, freq: 3 }),
  inbox: fc.boolean(),
  reason: fc.boolean(),
  editTo: policy,
  state: fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 5 },
    { arbitrary: fc.constantFrom('budget', 'orders.1', 'owner'), weight: 1 },
  ),
  grant: seldom,
});

const move: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: of('drive', {}), weight: 10 },
  {
    arbitrary: of('answer', { calls: fc.array(modelCall, { maxLength: 5, size: 'max' }), unmet: seldom }),
    weight: 6,
  },
  { arbitrary: of('modelFails', { retryable: fc.nat(8).map((n) => n > 0) }), weight: 1 },
  { arbitrary: decision, weight: 14 },
  {
    arbitrary: of('time', { ms: fc.oneof(fc.integer({ min: 1, max: 150 }), fc.integer({ min: 1, max: 1_100 })) }),
    weight: 4,
  },
  {
    arbitrary: of('step', {
      which,
      stages: fc.integer({ min: 1, max: 5 }),
      refuse: fc.oneof(
        { arbitrary: fc.constant(undefined), weight: 9 },
        { arbitrary: fc.constantFrom(...INJECTED), weight: 1 },
      ),
    }),
    weight: 8,
  },
  { arbitrary: of('crash', { which, lingers: fc.boolean() }), weight: 2 },
  { arbitrary: of('linger', { which }), weight: 2 },
  { arbitrary: of('giveUp', { which }), weight: 1 },
  { arbitrary: of('force', { which }), weight: 2 },
  { arbitrary: fc.nat(9).map((n): Move => (n < 3 ? { do: 'cancel' } : { do: 'drive' })), weight: 2 },
  { arbitrary: of('block', { signed: fc.boolean(), repeat: seldom }), weight: 1 },
  { arbitrary: of('unblock', { who, repeat: seldom }), weight: 2 },
  {
    arbitrary: of('extend', { which, byMs: fc.integer({ min: -200, max: 900 }), stale: seldom, repeat: seldom }),
    weight: 1,
  },
  {
    arbitrary: of('resolve', {
      which,
      resolution: fc.constantFrom(...RESOLUTIONS),
      stale: seldom,
      who,
      repeat: seldom,
    }),
    weight: 2,
  },
  { arbitrary: of('recheck', { which }), weight: 1 },
  { arbitrary: of('revoke', {}), weight: 1 },
  { arbitrary: of('roll', {}), weight: 1 },
);

export const sequences = fc.array(move, { minLength: 5, maxLength: 80, size: 'max' });
