import Fastify, { type FastifyInstance } from 'fastify';
import { assert } from '../../proto/contract/assert.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { DoorKeeper } from './access/door-keeper.js';
import { noteRefusal } from './access/refusals.js';
import { envelopeOf, statusOf, webError } from './errors.js';
import { assertOwnHost, ownNames, SECURITY_HEADERS, TLS_HEADERS } from './guards.js';
import { assertNoKeyTwice } from './json-body.js';
import type { Metrics } from './metrics.js';
import { methodsAt } from './mount.js';
import type { PageOptions, WebOptions } from './options.js';
import { ROUTES } from './table/index.js';

export type DoorKind = 'page' | 'admin';

const BODY_BYTES_MAX = 1024 * 1024;
const HEADER_BYTES_MAX = 16 * 1024;
const CONNECTIONS_MAX = 256;
/** A request must be complete by then; answers (event streams) may take as long as they like. */
const REQUEST_MS_MAX = 15_000;

/** An HTTP server without routes: limits, request ids, headers, one way to fail, and a log line per change. */
export function makeDoor(kind: DoorKind, options: WebOptions, metrics: Metrics, keeper: DoorKeeper): FastifyInstance {
  const { random, log, access } = options;
  const tls = kind === 'page' ? options.page.tls : undefined;
  const headers = tls === undefined ? SECURITY_HEADERS : { ...SECURITY_HEADERS, ...TLS_HEADERS };
  const names = ownNames(options.page);
  const app = Fastify({
    ...(tls === undefined ? {} : { https: { ...httpsOptions(tls), maxHeaderSize: HEADER_BYTES_MAX } }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    forceCloseConnections: true,
    requestIdHeader: false,
    genReqId: () => `r-${Buffer.from(random.bytes(8)).toString('hex')}`,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    frameworkErrors: (thrown, request, reply) => {
      const error = webError(thrown);
      reply.raw.writeHead(statusOf(error, thrown), {
        ...headers,
        'content-type': 'application/json; charset=utf-8',
      });
      reply.raw.end(JSON.stringify(envelopeOf(error, request.id)));
    },
  });
  app.server.maxConnections = CONNECTIONS_MAX;

  readJsonBodies(app);
  app.removeContentTypeParser('text/plain'); // what a form of another site may send without asking first

  app.addHook('onRoute', ({ method, url, config }) => {
    assert(config?.right !== undefined, `the route ${String(method)} ${url} does not say who may use it`);
  });
  app.decorateRequest('caller');
  app.decorateRequest('session');
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ ...headers, 'x-request-id': request.id });
    if (kind === 'page') assertOwnHost(request.headers.host, names);
    await keeper.letIn(request, request.routeOptions.config.right);
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
    noteRefusal(access.trail, request, error);
    if (error.code === 'internal') {
      log.error({ err: error, method: request.method, url: request.url, requestId: request.id }, 'request failed');
    }
    return reply.status(statusOf(error, thrown)).send(envelopeOf(error, request.id));
  });
  app.setNotFoundHandler((request, reply) => {
    const { method, url } = request;
    const methods = methodsAt(ROUTES, kind, url);
    if (methods.length === 0) {
      const error = new BrambleError('not-found', `nothing is at ${method} ${url.slice(0, 200)}`);
      return reply.status(404).send(envelopeOf(error, request.id));
    }
    const hint = `it knows ${methods.join(', ')}`;
    const error = new BrambleError('unsupported', `this path does not know ${method}`, { hint });
    return reply.status(405).header('allow', methods.join(', ')).send(envelopeOf(error, request.id));
  });
  return app;
}

/** As Fastify does it, but that no key may be there twice. */
function readJsonBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body);
    void parseJson(request, text, (error, parsed) => {
      try {
        if (error === null) assertNoKeyTwice(text);
        done(error, parsed);
      } catch (thrown) {
        done(BrambleError.from(thrown));
      }
    });
  });
}

function httpsOptions({ certificatePem, privateKey }: NonNullable<PageOptions['tls']>) {
  return { cert: certificatePem, key: privateKey.reveal(), minVersion: 'TLSv1.2' } as const;
}
