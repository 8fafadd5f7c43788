/** Looks at the worker deployment, and changes it. `countersign worker deploy` starts it; it prints one JSON object. */
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { workerFleetView } from '../api/views/worker-fleet.ts';
import { connectLazily } from '../gateway/connection.ts';
import { moveRuns, runsOnVersion } from '../gateway/deployments/move-runs.ts';
import type { MovedRuns } from '../gateway/deployments/move-runs.ts';
import type { Deployment, DeploymentTarget } from '../gateway/deployments/deployment.ts';
import { readDeployment } from '../gateway/deployments/read-deployment.ts';
import { readFleet } from '../gateway/deployments/read-fleet.ts';
import { setCurrentVersion, setRampingVersion } from '../gateway/deployments/route-runs.ts';
import { refusalOf } from '../gateway/temporal-faults.ts';
import { workflowId } from '../domain/core/ids.ts';
import { loadConfig } from '../platform/config.ts';
import { ConfigError } from '../platform/config-error.ts';

const CALL_TIMEOUT_MS = 30_000;
const LOOK_AGAIN_MS = 100;
/** As Temporal shows who has changed it. */
const identity = 'countersign worker deploy';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    force: { type: 'boolean', default: false },
    percent: { type: 'string', default: '0' },
    wait: { type: 'string', default: '0' },
    from: { type: 'string' },
    to: { type: 'string' },
  },
});
const [command = 'status', ...names] = positionals;

const { temporal, worker, scope } = loadConfig();
if (!temporal.endpoint) throw new ConfigError(['TEMPORAL_ADDRESS is needed: host:port of Temporal']);
const connection = connectLazily(temporal.endpoint);
const { deploymentName, taskQueues } = worker;
const target: DeploymentTarget = { connection, namespace: temporal.namespace, deploymentName, taskQueues };

/** Said to whoever asked; nothing has been changed. */
class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** A new version is known once its first worker is there: that is waited for as long as `--wait` says. */
async function deploymentWith(buildId: string): Promise<Deployment> {
  for (const deadline = Date.now() + Number(values.wait) * 1_000; ;) {
    const deployment = await readDeployment(target, deploymentName);
    if (deployment?.versions.some((version) => version.buildId === buildId)) return deployment;
    if (Date.now() >= deadline) {
      const known = deployment?.versions.map((version) => version.buildId).join(', ') ?? 'none';
      throw new Refusal(`No worker of the version ${buildId} has come yet. Known: ${known || 'none'}.`);
    }
    await delay(LOOK_AGAIN_MS);
  }
}

async function assertServed(buildId: string): Promise<void> {
  if (values.force) return;
  const fleet = await readFleet(target, { nowMs: Date.now() });
  const version = fleet.versions.find((one) => one.buildId === buildId);
  if (version?.workers) return;
  throw new Refusal(`The version ${buildId} has no worker: its runs would wait. Start some, or say --force.`);
}

async function makeCurrent(buildId: string): Promise<void> {
  const { conflictToken } = await deploymentWith(buildId);
  await assertServed(buildId);
  await setCurrentVersion(target, { deploymentName, buildId }, { identity, conflictToken, force: values.force });
}

async function ramp(buildId: string): Promise<void> {
  const { conflictToken } = await deploymentWith(buildId);
  const percentage = Number(values.percent);
  if (percentage > 0) await assertServed(buildId);
  const options = { identity, conflictToken, force: values.force };
  await setRampingVersion(target, { deploymentName, buildId }, percentage, options);
}

/** To the version that was current before. */
async function rollBack(): Promise<void> {
  const deployment = await readDeployment(target, deploymentName);
  const before = deployment?.versions
    .filter(({ status, deactivatedAt }) => status !== 'current' && deactivatedAt !== undefined)
    .toSorted((one, other) => (other.deactivatedAt ?? 0) - (one.deactivatedAt ?? 0))[0];
  if (!before) throw new Refusal('There is no version that was current before.');
  await makeCurrent(before.buildId);
}

async function move(): Promise<MovedRuns> {
  const { from, to } = values;
  const workflowIds = names.map((runId) => workflowId({ ...scope, runId }));
  if (from !== undefined) for await (const id of runsOnVersion(target, from)) workflowIds.push(id);
  if (to !== undefined) {
    await deploymentWith(to);
    await assertServed(to);
  }
  return moveRuns(target, workflowIds, to === undefined ? 'current' : { buildId: to });
}

async function obey(): Promise<object> {
  const [buildId = ''] = names;
  if (command === 'move') return move();
  if (command === 'set-current') await makeCurrent(buildId);
  if (command === 'ramp') await ramp(buildId);
  if (command === 'rollback') await rollBack();
  return workerFleetView(await readFleet(target, { nowMs: Date.now() }));
}

try {
  const answer = await connection.withDeadline(Date.now() + CALL_TIMEOUT_MS + Number(values.wait) * 1_000, obey);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
} catch (error) {
  const refused = error instanceof Refusal ? error.message : refusalOf(error);
  if (refused === undefined) throw error;
  process.stdout.write(`${JSON.stringify({ refused })}\n`);
} finally {
  await connection.close();
}
