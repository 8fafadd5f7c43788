/** Which of an agent's models a step asks. */
import type { AgentDefinition } from '../domain/schemas/agent.ts';
import type { CallModelInput } from '../domain/schemas/step.ts';

export interface AskedModel {
  /** `provider/model`. */
  readonly model: string;
  /** Who is asked once this one has failed for good. */
  readonly nextModel?: string;
}

export const askedModel = (
  { model, fallbackModels = [] }: Pick<AgentDefinition, 'model' | 'fallbackModels'>,
  { modelIndex = 0 }: Pick<CallModelInput, 'modelIndex'>,
): AskedModel => {
  const models = [model, ...fallbackModels];
  const nextModel = models[modelIndex + 1];
  return { model: models[modelIndex] ?? model, ...(nextModel !== undefined && { nextModel }) };
};
