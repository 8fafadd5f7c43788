/** Models that follow a script, for tests and for examples without a provider. Part of the public test kit. */
export {
  asksFor,
  asksForAll,
  failsOnce,
  rawText,
  says,
  scriptedModel,
  thinks,
} from '../adapters/models/scripted-model.ts';
export { replayModel } from '../adapters/models/replay-model.ts';
export type { RecordedEvent } from '../adapters/models/replay-model.ts';
export type {
  ScriptedCall,
  ScriptedModelOptions,
  ScriptedStep,
  ScriptedTurn,
} from '../adapters/models/scripted-model.ts';
