/** Names of the bare workflow. */
import type { Sinks } from '@temporalio/workflow';

export const FLOOR_RUN = 'floorRun';
export const APPROVE = 'approve';

export interface FloorActivities {
  callModel(turn: number): Promise<{ step: number }>;
  runTool(call: { runId: string; step: number }): Promise<{ step: number }>;
}

/** In-process notes: the cheapest way there is to see what a workflow does. */
export interface FloorSinks extends Sinks {
  notes: {
    pending(): void;
    ended(): void;
  };
}
