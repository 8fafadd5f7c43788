// `npm run faults`: kills processes at random while people decide, and counts effects.
import { join } from 'node:path';
import { projectRoot } from './ensure-installed.mjs';
import { runUnderProjectNode } from './run.mjs';

await runUnderProjectNode([join(projectRoot, 'faults', 'main.ts'), ...process.argv.slice(2)]);
