/** The public test kit. */
export { createWorld } from './world.ts';
export type { PersonOptions, World, WorldOptions, WorldServices } from './world.ts';
export type { Answer, Person, StartedRun } from './person.ts';
export { loadAgents, startTestServices } from './services.ts';
export type { StartedServices } from './services.ts';
export { recordingTool } from './recording-tool.ts';
export type { RecordedCall, RecordingTool } from './recording-tool.ts';
export { testAgent } from './test-agent.ts';
export { asksFor, asksForAll, failsOnce, rawText, says, scriptedModel, thinks } from './scripted-model.ts';
export { replayModel } from './scripted-model.ts';
export type { RecordedEvent } from './scripted-model.ts';
export type { ScriptedCall, ScriptedModelOptions, ScriptedStep, ScriptedTurn } from './scripted-model.ts';
