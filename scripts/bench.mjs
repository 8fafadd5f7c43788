// `npm run bench`: measures this build against bare Temporal on the same server.
import { join } from 'node:path';
import { projectRoot } from './ensure-installed.mjs';
import { runUnderProjectNode } from './run.mjs';

await runUnderProjectNode([join(projectRoot, 'bench', 'main.ts'), ...process.argv.slice(2)]);
