import Fastify, { type FastifyInstance } from 'fastify';
import { BrambleError } from '../../proto/contract/errors.js';
import { envelopeOf, HTTP_STATUS, webError } from './errors.js';
import { assertOwnHost, SECURITY_HEADERS } from './guards.js';
import type { Metrics } from './metrics.js';
import type { WebOptions } from './options.js';

export type DoorKind = 'page' | 'admin';

const BODY_BYTES_MAX = 1024 * 1024;
const HEADER_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 256;
/** A request must be complete by then; answers (event streams) may take as long as they like. */
const REQUEST_MS_MAX = 15_000;

/** An HTTP server without routes: limits, request ids, headers, one way to fail, and a log line per change. */
export function makeDoor(kind: DoorKind, options: WebOptions, metrics: Metrics): FastifyInstance {
  const { random, log } = options;
  const app = Fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    forceCloseConnections: true,
    requestIdHeader: false,
    genReqId: () => `r-${Buffer.from(random.bytes(8)).toString('hex')}`,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    frameworkErrors: (thrown, request, reply) => {
      reply.raw.writeHead(400, { ...SECURITY_HEADERS, 'content-type': 'application/json; charset=utf-8' });
      reply.raw.end(JSON.stringify(envelopeOf(webError(thrown), request.id)));
    },
  });
  app.server.maxConnections = CONNECTIONS_MAX;

  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
    if (kind === 'page') assertOwnHost(request.headers.host);
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    metrics.countRequest(kind, reply.statusCode);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const { method, url, id: requestId } = request;
      log.info({ door: kind, method, url, status: reply.statusCode, requestId }, 'request');
    }
    done();
  });

  app.setErrorHandler((thrown, request, reply) => {
    const error = webError(thrown);
    if (error.code === 'internal') {
      log.error({ err: error, method: request.method, url: request.url, requestId: request.id }, 'request failed');
    }
    return reply.status(HTTP_STATUS[error.code]).send(envelopeOf(error, request.id));
  });
  app.setNotFoundHandler((request, reply) => {
    const readOnly = kind === 'page' && request.method !== 'GET' && request.method !== 'HEAD';
    const error = readOnly
      ? new BrambleError('permission-denied', 'this door only reads', {
          hint: 'use the bramble command on the machine of the controller; it comes in by the administrator’s socket',
        })
      : new BrambleError('not-found', `nothing is at ${request.method} ${request.url.slice(0, 200)}`);
    return reply.status(readOnly ? 405 : 404).send(envelopeOf(error, request.id));
  });
  return app;
}
