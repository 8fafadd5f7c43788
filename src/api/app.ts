/** Builds the API: every plugin is configured and every route registered here. Listens to nothing. */
import helmet from '@fastify/helmet';
import Fastify, { LogController } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { randomId } from './decisions/decision-id.ts';
import { VerdictQueries } from './decisions/verdict-queries.ts';
import { DEFAULT_LIMITS } from './dependencies.ts';
import type { Api, ApiDependencies } from './dependencies.ts';
import { registerAuthentication } from './plugins/authenticate.ts';
import { registerGracefulClose } from './plugins/graceful-close.ts';
import { registerHostCheck } from './plugins/host-check.ts';
import { registerJsonBody } from './plugins/json-body.ts';
import { registerOpenApi } from './plugins/openapi.ts';
import { answerMalformed, registerProblems, sendProblem } from './plugins/problems.ts';
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
import { registerErrorPages } from './routes/system/error-pages.ts';
import { registerHealth } from './routes/system/health.ts';
import { registerJwks } from './routes/system/jwks.ts';
import { RunStarter } from './runs/start-run.ts';
import type { ApiServer } from './server-type.ts';
import { OpenStreams } from './streams/open-streams.ts';

/** How long a client may take to send its request. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How long requests under way may take when the server closes. */
const CLOSE_GRACE_MS = 5_000;
/** A run id with eight levels of sub-runs has 166 characters; anything longer is no id of ours. */
const PARAMETER_MAX_CHARACTERS = 500;

export async function buildApp(dependencies: ApiDependencies): Promise<ApiServer> {
  const api: Api = { ...dependencies, limits: { ...DEFAULT_LIMITS, ...dependencies.limits } };
  const app: ApiServer = Fastify({
    loggerInstance: api.logger,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    genReqId: () => randomId('req'),
    bodyLimit: api.limits.bodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    routerOptions: { maxParamLength: PARAMETER_MAX_CHARACTERS, ignoreTrailingSlash: true },
    return503OnClosing: true,
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, error),
    clientErrorHandler: (error, socket) => answerMalformed(api.logger, error, socket),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);

  const routes = collectRoutes(app);
  registerRequestLog(app);
  registerGracefulClose(app, CLOSE_GRACE_MS);
  registerProblems(app, routes);
  if (api.loopbackOnly) registerHostCheck(app);
  registerAuthentication(app, api);
  registerJsonBody(app, api.limits.bodyBytes);
  await app.register(helmet, {
    // An API shows nothing; the docs page brings a policy of its own.
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // Local development speaks plain HTTP; in production the proxy that ends TLS sets this.
    strictTransportSecurity: false,
  });
  await registerOpenApi(app, api.version);

  const streams = new OpenStreams(api.limits.streamsPerPrincipal);
  const queries = new VerdictQueries(api.gateway);
  const starter = new RunStarter(api);
  // Streams never end by themselves while their runs go on: their readers come back to another replica.
  app.addHook('preClose', async () => streams.closeAll());

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
  registerListApprovals(app, api);
  registerListRunApprovals(app, api);
  registerGetApproval(app, api);
  registerDecideApproval(app, api, queries);
  registerDecideBatch(app, api, queries);
  registerClaimApproval(app, api);
  registerReleaseApproval(app, api);
  registerExtendApproval(app, api);
  registerGetDecision(app, api, queries);
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
  registerListAgents(app, api);
  registerListPolicyLayers(app, api);
  registerGetPolicyLayer(app, api);
  registerPutPolicyLayer(app, api);
  registerSimulatePolicy(app, api);
  registerReplayPolicy(app, api);
  registerExportRun(app, api);
  registerExportTenant(app, api);
  registerTrust(app, api);
  registerHealth(app, api);
  registerJwks(app, api);
  registerErrorPages(app);
  return app;
}
