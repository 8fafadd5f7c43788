/** The bundle's entry: every workflow type of the product. */
export { agentRun } from './agent-run.ts';
export { toolTask } from './tool-task.ts';
