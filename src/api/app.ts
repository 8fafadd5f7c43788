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
import { registerDecideApproval } from './routes/approvals/decide.ts';
import { registerGetApproval } from './routes/approvals/get.ts';
import { registerGetDecision } from './routes/approvals/get-decision.ts';
import { registerListApprovals } from './routes/approvals/list.ts';
import { registerListRunApprovals } from './routes/approvals/list-of-run.ts';
import { registerListArtifacts } from './routes/artifacts/list.ts';
import { registerReadArtifact } from './routes/artifacts/read.ts';
import { registerCancelRun } from './routes/runs/cancel.ts';
import { registerRunEvents } from './routes/runs/events.ts';
import { registerGetRun } from './routes/runs/get.ts';
import { registerListRuns } from './routes/runs/list.ts';
import { registerStartRun } from './routes/runs/start.ts';
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
  registerListArtifacts(app, api);
  registerReadArtifact(app, api);
  registerListApprovals(app, api);
  registerListRunApprovals(app, api);
  registerGetApproval(app, api);
  registerDecideApproval(app, api, queries);
  registerGetDecision(app, api, queries);
  registerListAgents(app, api);
  registerHealth(app, api);
  registerJwks(app, api);
  registerErrorPages(app);
  return app;
}
