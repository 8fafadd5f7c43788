/** Kill switches, and who may pass them for a time. */
import type { AddBypass, Brake, BrakeBypass, BrakeDetail, SetBrake } from '../contract/brakes.ts';
import type { Page } from '../contract/pagination.ts';
import { segment } from './calls.ts';
import type { CallOptions, Calls, CommandOptions, PageQuery } from './calls.ts';

export interface BrakesClient {
  /** Effective before the next dispatch, on every worker. */
  set(request: Omit<SetBrake, 'scope'> & Partial<SetBrake>, options?: CommandOptions): Promise<Brake>;
  list(query?: PageQuery & { readonly active?: boolean }, options?: CallOptions): Promise<Page<Brake>>;
  get(brakeId: string, options?: CallOptions): Promise<BrakeDetail>;
  /** What it has held goes on by itself. */
  release(brakeId: string, options?: CommandOptions): Promise<Brake>;
  addBypass(brakeId: string, request: AddBypass, options?: CommandOptions): Promise<BrakeBypass>;
  endBypass(brakeId: string, bypassId: string, options?: CommandOptions): Promise<BrakeBypass>;
}

const brakePath = (brakeId: string): string => `/v1/brakes/${segment(brakeId)}`;

export const brakesClient = ({ get, post, remove }: Calls): BrakesClient => ({
  set: (request, given) => post('/v1/brakes', request, given),
  list: (query, given) => get('/v1/brakes', given, query),
  get: (brakeId, given) => get(brakePath(brakeId), given),
  release: (brakeId, given) => remove(brakePath(brakeId), given),
  addBypass: (brakeId, request, given) => post(`${brakePath(brakeId)}/bypasses`, request, given),
  endBypass: (brakeId, bypassId, given) => remove(`${brakePath(brakeId)}/bypasses/${segment(bypassId)}`, given),
});
