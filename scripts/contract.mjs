// `npm run test:contract`: makes all requests that the OpenAPI document allows and forbids, and judges the answers by it.
import { join } from 'node:path';
import { projectRoot } from './ensure-installed.mjs';
import { runUnderProjectNode } from './run.mjs';

process.env.COUNTERSIGN_CONTRACT_TEST ??= 'full';
const vitest = join(projectRoot, 'node_modules', 'vitest', 'vitest.mjs');
await runUnderProjectNode([vitest, 'run', 'test/contract', ...process.argv.slice(2)], { directory: projectRoot });
