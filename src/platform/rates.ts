/** How many requests a minute are let through. */
export interface Rates {
  /** Of one principal. */
  readonly reads: number;
  readonly writes: number;
  readonly decisions: number;
  /** Of all principals of a tenant together. */
  readonly tenantReads: number;
  readonly tenantWrites: number;
  readonly tenantDecisions: number;
  /** Of one address, without a credential. */
  readonly anonymous: number;
  /** Of one address, with a credential that is none. */
  readonly failures: number;
}

/** Generous: they are there to keep one client from taking everything, not to ration. */
export const DEFAULT_RATES: Rates = {
  reads: 6_000,
  writes: 1_800,
  decisions: 1_800,
  tenantReads: 60_000,
  tenantWrites: 18_000,
  tenantDecisions: 18_000,
  anonymous: 600,
  failures: 60,
};

export const isRate = (name: string | undefined): name is keyof Rates => Object.hasOwn(DEFAULT_RATES, name ?? '');

/** The same for all: for programs that measure, or try, something else. */
export const everyRate = (count: number): Rates => ({
  reads: count,
  writes: count,
  decisions: count,
  tenantReads: count,
  tenantWrites: count,
  tenantDecisions: count,
  anonymous: count,
  failures: count,
});
