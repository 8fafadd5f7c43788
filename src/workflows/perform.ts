/** Does what the core says is next: the same for every driver. */
import { next } from '../domain/core/next.ts';
import type { Action } from '../domain/core/next.ts';
import type { LiveRun } from './live-run.ts';
import type { Steps } from './steps.ts';

export function perform(run: LiveRun, steps: Steps): readonly Action[] {
  const actions = next(run.state, Date.now());
  for (const action of actions) {
    if (action.type === 'call_model') {
      run.apply({ type: 'begin_turn' });
      if (run.state.phase === 'asking') steps.startModel();
    } else if (action.type === 'run_tool') {
      run.apply({ type: 'dispatch', toolCallId: action.call.toolCallId });
      steps.startTool(action.call);
    } else if (action.type === 'stop_work') {
      steps.stop();
    }
  }
  return actions;
}
