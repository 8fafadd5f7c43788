/** Builds the API: every plugin is configured and every route registered here. Listens to nothing. */
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import Fastify, { LogController } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { randomId } from './decisions/decision-id.ts';
import { VerdictQueries } from './decisions/verdict-queries.ts';
import { DEFAULT_LIMITS } from './dependencies.ts';
import type { Api, ApiDependencies } from './dependencies.ts';
import { registerAuthentication } from './plugins/authenticate.ts';
import { registerCrossOrigin } from './plugins/cross-origin.ts';
import { registerDataAge } from './plugins/data-age.ts';
import { registerGracefulClose } from './plugins/graceful-close.ts';
import { registerHostCheck } from './plugins/host-check.ts';
import { registerJsonBody } from './plugins/json-body.ts';
import { registerOpenApi } from './plugins/openapi.ts';
import { registerPressure } from './plugins/pressure.ts';
import { answerMalformed, registerProblems, sendProblem } from './plugins/problems.ts';
import { registerRateLimits } from './plugins/rate-limit.ts';
import { registerRequestLog } from './plugins/request-log.ts';
import { collectRoutes } from './plugins/route-table.ts';
import { validatorCompiler } from './plugins/validation.ts';
import { registerListAgents } from './routes/agents/list.ts';
import { registerClaimApproval } from './routes/approvals/claim.ts';
import { registerDecideApproval } from './routes/approvals/decide.ts';
import { registerDecideBatch } from './routes/approvals/decide-batch.ts';
import { registerExtendApproval } from './routes/approvals/extend.ts';
import { registerGetApproval } from './routes/approvals/get.ts';
import { registerGetDecision } from './routes/approvals/get-decision.ts';
import { registerListApprovals } from './routes/approvals/list.ts';
import { registerListRunApprovals } from './routes/approvals/list-of-run.ts';
import { registerReleaseApproval } from './routes/approvals/release.ts';
import { registerWatchApprovals } from './routes/approvals/watch.ts';
import { registerListArtifacts } from './routes/artifacts/list.ts';
import { registerReadArtifact } from './routes/artifacts/read.ts';
import { registerAddBypass } from './routes/brakes/add-bypass.ts';
import { registerEndBypass } from './routes/brakes/end-bypass.ts';
import { registerGetBrake } from './routes/brakes/get.ts';
import { registerListBrakes } from './routes/brakes/list.ts';
import { registerReleaseBrake } from './routes/brakes/release.ts';
import { registerSetBrake } from './routes/brakes/set.ts';
import { registerCreateDelegation } from './routes/delegations/create.ts';
import { registerEndDelegation } from './routes/delegations/end.ts';
import { registerListDelegations } from './routes/delegations/list.ts';
import { registerCreateGrant } from './routes/grants/create.ts';
import { registerGetGrant } from './routes/grants/get.ts';
import { registerListGrants } from './routes/grants/list.ts';
import { registerRevokeGrant } from './routes/grants/revoke.ts';
import { registerCreateKey } from './routes/keys/create.ts';
import { registerGetKey } from './routes/keys/get.ts';
import { registerListKeys } from './routes/keys/list.ts';
import { registerRevokeKey } from './routes/keys/revoke.ts';
import { registerRotateKey } from './routes/keys/rotate.ts';
import { registerListMedia } from './routes/media/list.ts';
import { registerReadMedia } from './routes/media/read.ts';
import { registerBlockRun } from './routes/runs/block.ts';
import { registerExportRun } from './routes/audit/export-run.ts';
import { registerExportTenant } from './routes/audit/export-tenant.ts';
import { registerTrust } from './routes/audit/trust.ts';
import { registerGetPolicyLayer } from './routes/policy/get-layer.ts';
import { registerListPolicyLayers } from './routes/policy/list-layers.ts';
import { registerPutPolicyLayer } from './routes/policy/put-layer.ts';
import { registerReplayPolicy } from './routes/policy/replay.ts';
import { registerSimulatePolicy } from './routes/policy/simulate.ts';
import { registerCancelRun } from './routes/runs/cancel.ts';
import { registerRunEvents } from './routes/runs/events.ts';
import { registerGetRun } from './routes/runs/get.ts';
import { registerListRuns } from './routes/runs/list.ts';
import { registerResolveCall } from './routes/runs/resolve.ts';
import { registerSendMessage } from './routes/runs/send-message.ts';
import { registerStartRun } from './routes/runs/start.ts';
import { registerUnblockRun } from './routes/runs/unblock.ts';
import { registerEndSession } from './routes/session/end.ts';
import { registerGetSession } from './routes/session/get.ts';
import { registerStartSession } from './routes/session/start.ts';
import { registerAgentSchema } from './routes/system/agent-schema.ts';
import { registerErrorPages } from './routes/system/error-pages.ts';
import { registerHealth } from './routes/system/health.ts';
import { registerJwks } from './routes/system/jwks.ts';
import { registerClaimTask } from './routes/tool-tasks/claim.ts';
import { registerReportTask } from './routes/tool-tasks/report.ts';
import { registerGetFleet } from './routes/workers/get-fleet.ts';
import { RunStarter } from './runs/start-run.ts';
import type { ApiServer } from './server-type.ts';
import { OpenStreams } from './streams/open-streams.ts';

/** How often the time that a request takes to arrive is looked at. */
const TIMEOUT_CHECK_MS = 2_000;
/** How long a connection may be silent: longer than an answer is held (`Prefer: wait`) and than streams stay silent. */
const CONNECTION_TIMEOUT_MS = 120_000;
/** How long an unused connection stays: longer than proxies keep theirs (60 s), so that they close first. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How long requests under way may take when the server closes. */
const CLOSE_GRACE_MS = 5_000;
/** A run id with eight levels of sub-runs has 166 characters; anything longer is no id of ours. */
const PARAMETER_MAX_CHARACTERS = 500;

export async function buildApp(dependencies: ApiDependencies): Promise<ApiServer> {
  const limits = { ...DEFAULT_LIMITS, ...dependencies.limits };
  const app: ApiServer = Fastify({
    loggerInstance: dependencies.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomId('req'),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, limits.headersTimeoutMs),
    },
    trustProxy: dependencies.trustedProxies?.length ? [...dependencies.trustedProxies] : false,
    routerOptions: { maxParamLength: PARAMETER_MAX_CHARACTERS, ignoreTrailingSlash: true },
    // Requests are served until the server has drained: see graceful-close.ts.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, error),
    clientErrorHandler: (error, socket) => answerMalformed(dependencies.logger, error, socket),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  const routes = collectRoutes(app);
  registerRequestLog(app);
  const closing = registerGracefulClose(app, { drainMs: limits.drainMs, graceMs: CLOSE_GRACE_MS });
  const api: Api = { ...dependencies, limits, closing };
  registerProblems(app, routes);
  registerHostCheck(app, api.allowedHosts);
  await app.register(cookie);
  await app.register(helmet, {
    // An API shows nothing; the docs page brings a policy of its own.
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // Local development speaks plain HTTP; in production the proxy that ends TLS sets this.
    strictTransportSecurity: false,
  });
  await registerCrossOrigin(app, api.allowedOrigins ?? []);
  await registerPressure(app, limits.eventLoopDelayMs);
  const rateLimits = await registerRateLimits(app, limits.rates);
  rateLimits.beforeAuthentication();
  registerAuthentication(app, api);
  rateLimits.afterAuthentication();
  registerDataAge(app, api.gateway);
  registerJsonBody(app, limits.bodyBytes);
  await registerOpenApi(app, api.version);

  const streams = new OpenStreams(api.limits.streamsPerPrincipal);
  const queries = new VerdictQueries(api.gateway);
  const starter = new RunStarter(api);
  // Streams never end by themselves while their runs go on: their readers come back to another replica.
  app.addHook('preClose', async () => streams.close('shutting_down'));

  registerStartRun(app, api, starter, streams);
  registerListRuns(app, api);
  registerGetRun(app, api);
  registerRunEvents(app, api, streams);
  registerCancelRun(app, api);
  registerBlockRun(app, api);
  registerUnblockRun(app, api);
  registerSendMessage(app, api);
  registerResolveCall(app, api);
  registerListArtifacts(app, api);
  registerReadArtifact(app, api);
  registerListMedia(app, api);
  registerReadMedia(app, api);
  registerListApprovals(app, api);
  registerWatchApprovals(app, api, streams);
  registerListRunApprovals(app, api);
  registerGetApproval(app, api);
  registerDecideApproval(app, api, queries);
  registerDecideBatch(app, api, queries);
  registerClaimApproval(app, api);
  registerReleaseApproval(app, api);
  registerExtendApproval(app, api);
  registerGetDecision(app, api, queries);
  registerClaimTask(app, api);
  registerReportTask(app, api);
  registerSetBrake(app, api);
  registerListBrakes(app, api);
  registerGetBrake(app, api);
  registerReleaseBrake(app, api);
  registerAddBypass(app, api);
  registerEndBypass(app, api);
  registerCreateGrant(app, api);
  registerListGrants(app, api);
  registerGetGrant(app, api);
  registerRevokeGrant(app, api);
  registerCreateDelegation(app, api);
  registerListDelegations(app, api);
  registerEndDelegation(app, api);
  registerCreateKey(app, api);
  registerListKeys(app, api);
  registerGetKey(app, api);
  registerRotateKey(app, api);
  registerRevokeKey(app, api);
  registerStartSession(app, api);
  registerGetSession(app, api);
  registerEndSession(app, api);
  registerListAgents(app, api);
  registerListPolicyLayers(app, api);
  registerGetPolicyLayer(app, api);
  registerPutPolicyLayer(app, api);
  registerSimulatePolicy(app, api);
  registerReplayPolicy(app, api);
  registerGetFleet(app, api);
  registerExportRun(app, api);
  registerExportTenant(app, api);
  registerTrust(app, api);
  registerHealth(app, api);
  registerJwks(app, api);
  registerErrorPages(app);
  registerAgentSchema(app);
  return app;
}
