// `npm start`: the whole system on this machine.
import { join } from 'node:path';
import { projectRoot } from './ensure-installed.mjs';
import { runUnderProjectNode } from './run.mjs';

const main = join(projectRoot, 'src', 'cli', 'main.ts');
await runUnderProjectNode([main, 'dev', ...process.argv.slice(2)]);
