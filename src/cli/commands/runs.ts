import type { Command } from 'commander';
import type { CliContext } from '../context.ts';
import { addRunsArtifact } from './runs-artifact.ts';
import { addRunsMedia } from './runs-media.ts';
import { addRunsBlock } from './runs-block.ts';
import { addRunsCancel } from './runs-cancel.ts';
import { addRunsList } from './runs-list.ts';
import { addRunsMessage } from './runs-message.ts';
import { addRunsResolve } from './runs-resolve.ts';
import { addRunsShow } from './runs-show.ts';
import { addRunsStart } from './runs-start.ts';
import { addRunsUnblock } from './runs-unblock.ts';
import { addRunsWatch } from './runs-watch.ts';

export function addRuns(program: Command, context: CliContext): void {
  const runs = program.command('runs').description('start, watch, park and end runs');
  addRunsStart(runs, context);
  addRunsList(runs, context);
  addRunsShow(runs, context);
  addRunsWatch(runs, context);
  addRunsBlock(runs, context);
  addRunsUnblock(runs, context);
  addRunsMessage(runs, context);
  addRunsResolve(runs, context);
  addRunsCancel(runs, context);
  addRunsArtifact(runs, context);
  addRunsMedia(runs, context);
}
