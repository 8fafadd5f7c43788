import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from '../platform/logger.ts';

/** The Fastify instance with zod schemas and our logger. */
export type ApiServer = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, Logger, ZodTypeProvider>;

/** Any request and reply, for code that serves several routes. */
export type AnyRequest = FastifyRequest;
export type AnyReply = FastifyReply;
