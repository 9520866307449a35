import type { FastifyInstance } from 'fastify';
import type { WebOptions } from '../options.js';

/** The files of the status page, from memory. They may be kept, but are asked about each time. */
export function pageRoutes(app: FastifyInstance, { assets }: WebOptions): void {
  for (const [path, { body, contentType, etag }] of assets) {
    app.get(path, { config: { right: 'public' } }, ({ headers }, reply) => {
      reply.headers({ 'cache-control': 'no-cache', etag });
      if (headers['if-none-match'] === etag) return reply.status(304).send();
      return reply.type(contentType).send(body);
    });
  }
}
