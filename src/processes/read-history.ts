/** Prints what Temporal remembers of one run, as JSON. `countersign audit verify --temporal` starts it. */
import { Client, Connection } from '@temporalio/client';
import { readWorkflowHistory } from '../gateway/read-history.ts';
import { loadConfig } from '../platform/config.ts';
import { ConfigError } from '../platform/config-error.ts';

const [workflowId = ''] = process.argv.slice(2);
const { temporal } = loadConfig();
if (!temporal.endpoint) throw new ConfigError(['TEMPORAL_ADDRESS is needed: host:port of Temporal']);
const connection = await Connection.connect({ ...temporal.endpoint, connectTimeout: '5s' });
const history = await connection.withDeadline(Date.now() + 60_000, () =>
  readWorkflowHistory(new Client({ connection, namespace: temporal.namespace }), workflowId),
);
process.stdout.write(`${JSON.stringify(history)}\n`);
await connection.close();
