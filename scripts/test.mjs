// `npm test`: all tests, or those named on the command line.
import { join } from 'node:path';
import { projectRoot } from './ensure-installed.mjs';
import { runUnderProjectNode } from './run.mjs';

const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
await runUnderProjectNode([vitest, 'run', ...process.argv.slice(2)], { directory: projectRoot });
