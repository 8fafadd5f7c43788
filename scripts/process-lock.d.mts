/** Types of process-lock.mjs, which stays plain JavaScript because it runs before anything is installed. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt?: string | undefined;
}

export interface LockHolder extends ProcessIdentity {
  readonly nonce: string;
  readonly details: Record<string, unknown>;
}

export interface HeldLock {
  readonly file: string;
  /** Replaces what others read about the holder. */
  update(details: Record<string, unknown>): void;
  release(): void;
}

export type LockResult =
  | { readonly acquired: true; readonly lock: HeldLock }
  | { readonly acquired: false; readonly holder: LockHolder };

export interface WaitForLockOptions {
  readonly onWait?: (holder: LockHolder) => void;
  readonly pollMs?: number;
  readonly timeoutMs?: number;
  readonly details?: Record<string, unknown>;
}

export function processStartTime(pid: number): string | undefined;
export function isSameProcessAlive(process: ProcessIdentity): boolean;
export function readLock(file: string): LockHolder | undefined;
export function tryLock(file: string, details?: Record<string, unknown>): LockResult;
export function waitForLock(file: string, options?: WaitForLockOptions): Promise<HeldLock>;
