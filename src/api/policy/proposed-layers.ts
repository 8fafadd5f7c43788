/** Policies that are tried or put: read by the compiler of the domain, every fault told with its place. */
import { compilePolicy } from '../../domain/policy/compile.ts';
import type { CompiledLayer } from '../../domain/policy/compile.ts';
import type { PolicyLayer } from '../../domain/policy/policy-schema.ts';
import type { Api } from '../dependencies.ts';
import { HttpProblem } from '../http-problem.ts';

export interface ReadPolicy {
  readonly layers: readonly PolicyLayer[];
  readonly compiled: readonly CompiledLayer[];
  readonly digest: string;
}

/** `pointerOf`: where in the body the fault of a layer is. Throws `invalid_policy`. */
export function readPolicy(
  { people }: Api,
  input: readonly unknown[],
  pointerOf: (path: string) => string,
): ReadPolicy {
  const result = compilePolicy(input, people);
  if (result.ok) return result;
  const errors = result.faults.map(({ path, message }) => ({ in: 'body', pointer: pointerOf(path), detail: message }));
  throw new HttpProblem('invalid_policy', { extras: { errors } });
}

export const readProposedLayers = (api: Api, layers: readonly unknown[]): ReadPolicy =>
  readPolicy(api, layers, (path) => `/layers${path}`);

/** The layers with those proposed in the place of the ones of their names; in shadow, beside them. */
export const withProposed = (
  layers: readonly CompiledLayer[],
  proposed: readonly CompiledLayer[],
): readonly CompiledLayer[] => [
  ...layers.filter((layer) => !proposed.some((one) => one.name === layer.name && isShadow(one) === isShadow(layer))),
  ...proposed,
];

const isShadow = ({ mode }: CompiledLayer): boolean => mode === 'shadow';
