/** Builds the workflow bundle where workers look for it, and prints which build it makes them. */
import { workflowBundle } from '../worker/bundle.ts';
import { buildIdOf } from '../worker/worker-version.ts';

const { codePath } = await workflowBundle();
process.stdout.write(`${JSON.stringify({ bundle: codePath, buildId: await buildIdOf(undefined) })}\n`);
