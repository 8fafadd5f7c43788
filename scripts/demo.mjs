// `npm run demo`: one run from start to artifact, unattended, against a fresh temporary data directory.
import { join } from 'node:path';
import { projectRoot } from './ensure-installed.mjs';
import { runUnderProjectNode } from './run.mjs';

const main = join(projectRoot, 'src', 'cli', 'main.ts');
await runUnderProjectNode([main, 'demo', ...process.argv.slice(2)]);
