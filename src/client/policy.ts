/** Policies: kept layers, trials. */
import type {
  PolicyLayerHistory,
  PolicyLayerVersion,
  PolicyReplay,
  PolicySimulation,
  PutPolicyLayer,
  ReplayPolicy,
  SimulatePolicy,
  StoredLayerName,
} from '../contract/policy.ts';
import type { CallOptions, Calls } from './calls.ts';

export interface PolicyClient {
  /** What hold for all agents now, and what is tried beside them. */
  layers(options?: CallOptions): Promise<readonly PolicyLayerVersion[]>;
  layer(name: StoredLayerName, options?: CallOptions): Promise<PolicyLayerHistory>;
  /** In force within two seconds, for runs under way too. */
  putLayer(name: StoredLayerName, layer: PutPolicyLayer, options?: CallOptions): Promise<PolicyLayerVersion>;
  /** What policy would say of a call. */
  simulate(request: SimulatePolicy, options?: CallOptions): Promise<PolicySimulation>;
  /** What a new policy would have asked more, or less. */
  replay(request: ReplayPolicy, options?: CallOptions): Promise<PolicyReplay>;
}

export const policyClient = ({ get, post, put }: Calls): PolicyClient => ({
  layers: async (given) => (await get<{ data: PolicyLayerVersion[] }>('/v1/policy/layers', given)).data,
  layer: (name, given) => get(`/v1/policy/layers/${name}`, given),
  putLayer: (name, layer, given) => put(`/v1/policy/layers/${name}`, layer, given),
  simulate: (request, given) => post('/v1/policy/simulate', request, given),
  replay: (request, given) => post('/v1/policy/replay', request, given),
});
