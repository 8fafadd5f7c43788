// Who may import whom: the table in AGENTS.md, as rules. Each comment says what to do instead.
// test/architecture/import-rules.test.ts shows that every rule bites.

/** Files of a package, wherever node_modules lies; `@scope/` stands for all packages of the scope. */
const npm = (...names) => names.map((name) => `(^|/)node_modules/${name}${name.endsWith('/') ? '' : '/'}`);
const src = (...folders) => folders.map((folder) => `^src/${folder}(/|$)`);
const anyPackage = '(^|/)node_modules/(?!@temporalio/)';

const LOOP = '(beginning|live-run|perform|step-port|steps)\\.ts$';

/** `from` may import what is listed and nothing else. Node's own modules are paths without a slash or type `core`. */
const only = (name, comment, { from, may, node = false, types = false }) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: {
    pathNot: may,
    dependencyTypesNot: [...(node ? ['core'] : []), ...(types ? ['type-only'] : [])],
  },
});

const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    only(
      'domain-is-pure',
      'The domain is pure and runs in browser and sandbox: take times, random bytes and I/O results as parameters, and do the I/O in an activity or in the API.',
      {
        from: '^src/domain/',
        may: [
          ...src('domain'),
          ...npm('zod', '@noble/', 'canonicalize', 'lossless-json', 'jsonc-parser', '@marcbachmann/cel-js', 're2js'),
        ],
      },
    ),
    only(
      'domain-core-has-no-libraries',
      'domain/core is in every workflow bundle: a library there could change how a parked run replays. Compute the fact in an activity or the bridge (domain/policy, domain/arguments) and hand the core plain data; import schemas with `import type`.',
      {
        from: '^src/domain/core/',
        may: [...src('domain/core'), ...npm('@noble/')],
        types: true,
      },
    ),
    only('domain-core-types', 'domain/core takes types from domain/schemas only: move the type there.', {
      from: '^src/domain/core/',
      may: [...src('domain/core', 'domain/schemas'), ...npm('@noble/')],
    }),
    only(
      'workflows-are-deterministic',
      'Workflow code replays: it decides on facts. Do this in an activity and let the workflow read the result; for a type write `import type`.',
      {
        from: '^src/workflows/',
        may: [...src('workflows', 'domain/core'), ...npm('@temporalio/workflow', '@temporalio/common', '@noble/')],
        types: true,
      },
    ),
    only(
      'contract-is-browser-safe',
      'The contract is read by browsers: build it from domain schemas and zod; map from rows and messages in src/api/views.',
      {
        from: '^src/contract/',
        may: [...src('contract', 'domain'), ...npm('zod')],
      },
    ),
    only(
      'client-speaks-http',
      'The client knows the server by its contract alone: add what is missing to src/contract.',
      {
        from: '^src/client/',
        may: [...src('client', 'contract', 'domain'), ...npm('eventsource-parser')],
      },
    ),
    only(
      'cli-speaks-http',
      'The CLI is a client like any other: call src/client; local processes are started through src/platform, by path.',
      {
        from: '^src/cli/',
        may: [
          ...src('cli', 'client', 'contract', 'domain', 'platform'),
          ...npm('commander', 'cli-table3', 'diff', 'yaml'),
        ],
        node: true,
      },
    ),
    only(
      'api-uses-gateway-and-store',
      'Routes reach runs through src/gateway and read through src/store. Put the Temporal call behind RunGateway, shared shapes in src/domain or src/contract.',
      {
        from: '^src/api/',
        may: [
          ...src('api', 'contract', 'domain', 'gateway', 'store', 'platform'),
          ...npm(
            'fastify',
            '@fastify/',
            'fastify-type-provider-zod',
            'cloudevents',
            'close-with-grace',
            'jose',
            'lru-cache',
            'pino',
            'zod',
          ),
        ],
        node: true,
      },
    ),
    only(
      'gateway-is-the-temporal-client',
      'The gateway signs commands and talks to Temporal, nothing else: rows belong to src/store, routes to src/api. Of workflows it takes messages.ts, and types.',
      {
        from: '^src/gateway/',
        may: [
          ...src('gateway', 'domain', 'platform'),
          '^src/workflows/messages\\.ts$',
          ...npm('@temporalio/client', '@grpc/grpc-js', '@temporalio/common', '@noble/', 'jose'),
        ],
        node: true,
        types: true,
      },
    ),
    never(
      'gateway-takes-only-workflow-types',
      'Only workflow types may come to the gateway beyond messages.ts: what both need belongs in src/domain.',
      { path: '^src/gateway/' },
      {
        path: '^src/(?!gateway/|domain/|platform/|workflows/)',
      },
    ),
    only(
      'store-is-postgresql',
      'The store knows rows and the domain: decide in the domain, orchestrate in the API or an activity, and hand the store the outcome.',
      {
        from: '^src/store/',
        may: [...src('store', 'domain', 'platform'), ...npm('pg', '@types/pg', 'drizzle-orm', 'lru-cache', 'zod')],
        node: true,
      },
    ),
    only(
      'adapters-are-ports',
      'An adapter wraps one thing of the outside world: it gets what it needs as parameters, and the activity joins it with the store. Temporal stays in src/activities.',
      {
        from: '^src/adapters/',
        may: [...src('adapters', 'domain', 'platform'), anyPackage],
        node: true,
      },
    ),
    only(
      'activities-join-adapters-and-store',
      'An activity is one step, a function of its dependencies: domain, adapters, store, platform, and of Temporal @temporalio/activity and /common. What workflow and activity share belongs in src/domain/schemas/step.ts.',
      {
        from: '^src/activities/',
        may: [
          ...src('activities', 'domain', 'adapters', 'store', 'platform'),
          ...npm('@temporalio/activity', '@temporalio/common', 'lru-cache', 'zod'),
        ],
        node: true,
      },
    ),
    only(
      'classic-drives-without-temporal',
      'The second driver shares the loop with the workflow and knows no Temporal: what both need stands behind src/workflows/step-port.ts; models, tools and the API are joined to it in src/processes.',
      {
        from: '^src/classic/',
        may: [...src('classic', 'domain', 'activities', 'store', 'platform'), `^src/workflows/${LOOP}`],
        node: true,
      },
    ),
    never(
      'loop-has-two-drivers',
      'A process drives this loop, too: what only a workflow can do belongs in src/workflows/temporal-steps.ts, behind the port.',
      { path: `^src/workflows/${LOOP}` },
      { path: npm('@temporalio/') },
    ),
    never(
      'worker-serves-no-http',
      'The worker runs steps and loads workflows by path: HTTP belongs to src/api, joining them to src/processes.',
      { path: '^src/worker/' },
      {
        path: '^src/(api|cli|client|contract|inbox|testing|processes)/',
      },
    ),
    never(
      'worker-loads-workflows-by-path',
      'Workflow code runs in the bundle only: give the worker its path (`workflowsPath`), or take names from workflows/messages.ts.',
      { path: '^src/worker/' },
      {
        path: '^src/workflows/',
        pathNot: '^src/workflows/messages\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    ),
    never(
      'platform-knows-no-product',
      'The platform (config, logs, local services) lies under everything: hand it what it needs, or move the code to the part that needs it.',
      { path: '^src/platform/' },
      {
        path: '^src/(?!platform/|domain/)',
      },
    ),
    never(
      'temporal-client-has-one-user',
      'Only the gateway talks to a running Temporal on behalf of the product: add a method to RunGateway.',
      {
        path: '^src/',
        pathNot: '^src/(gateway|worker|platform|processes|testing)/',
      },
      { path: npm('@temporalio/client') },
    ),
    never(
      'processes-are-not-the-cli',
      'A process joins the parts; the CLI starts it and talks HTTP to it.',
      { path: '^src/(processes|testing)/' },
      { path: '^src/cli/' },
    ),
    never(
      'composition-roots-are-not-libraries',
      'Nothing but the test kit imports a process: it only joins the parts. Move the code to the part it belongs to.',
      { path: '^src/(?!processes/|testing/)' },
      { path: '^src/processes/' },
    ),
    never(
      'test-kit-stays-out-of-the-product',
      'Product code never depends on the test kit: move what both need to the part it belongs to (scripted models come in through the model port).',
      {
        path: '^src/(?!testing/|processes/)',
      },
      { path: '^src/testing/' },
    ),
    never(
      'examples-use-public-parts',
      'An example shows what users write: it may use src/adapters (defineAgent, defineTool), src/domain and the test kit.',
      { path: '^examples/' },
      {
        path: '^src/',
        pathNot: src('adapters', 'domain', 'testing', 'client', 'platform'),
      },
    ),
    never(
      'examples-are-loaded-at-the-root',
      'Only composition roots (src/processes, src/worker, src/testing) know the examples.',
      {
        path: '^src/',
        pathNot: '^src/(worker|processes|testing)/',
      },
      { path: '^examples/' },
    ),
    never(
      'product-does-not-import-tests',
      'Tests depend on the product, never the other way round: helpers that users need belong in src/testing.',
      { path: '^(src|examples|bench)/' },
      { path: '^test/' },
    ),
    never(
      'no-circular',
      'Two files that need each other are one idea, or share a third: move the shared part into a file of its own. (Cycles of types alone are fine.)',
      {},
      {
        circular: true,
        viaOnly: { dependencyTypesNot: ['type-only'] },
      },
    ),
    never(
      'no-orphans',
      'Nothing imports this file and it imports nothing: use it, or delete it.',
      {
        orphan: true,
        path: '^(src|examples|bench)/',
        pathNot: ['\\.d\\.m?ts$'],
      },
      {},
    ),
    never(
      'no-unresolvable',
      'This import leads nowhere: is the `.ts` suffix missing, or the package not in package.json?',
      {},
      { couldNotResolve: true },
    ),
    never(
      'no-undeclared-packages',
      'This package is here by accident, as a dependency of another: add it to package.json or do without it.',
      { path: '^(src|examples|bench|faults|test)/' },
      {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'undetermined'],
        // This package by its own name, as its users import it.
        pathNot: '^src/',
      },
    ),
    never(
      'no-dev-packages-in-product',
      'What runs in production is a dependency: move the package in package.json, or the code to src/testing or test.',
      {
        path: '^src/(?!testing/)',
      },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^test/architecture/fixtures/' },
    // Type-only imports are seen, and seen as such.
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mts', '.mjs', '.js', '.d.ts', '.d.mts'],
    },
  },
};
