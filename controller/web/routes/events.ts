import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { EventList } from '../../../proto/contract/api/lists.js';
import { nodeId } from '../../../proto/contract/ids.js';
import type { EventStreams } from '../event-stream.js';
import { SECURITY_HEADERS } from '../guards.js';
import type { WebOptions } from '../options.js';
import { parseInput, queryInteger } from '../parse.js';

const EventsQuery = z.strictObject({
  node: z.string().optional(),
  limit: queryInteger(1, 1_000).default(100),
});
const StreamQuery = z.strictObject({ afterId: queryInteger(0, Number.MAX_SAFE_INTEGER).optional() });

export function eventRoutes(app: FastifyInstance, { fleet }: WebOptions, streams: EventStreams): void {
  app.get('/api/v1/events', async ({ query }) => {
    const { node, limit } = parseInput(EventsQuery, query);
    const events = await fleet.events({ nodeId: node === undefined ? undefined : nodeId(node), limit });
    return EventList.parse({ events });
  });

  app.get('/api/v1/events/stream', { exposeHeadRoute: false }, ({ query, headers, id }, reply) => {
    // A reconnecting browser says in the header where it was; the query is for the first connection.
    const header = headers['last-event-id'];
    const { afterId } = parseInput(StreamQuery, header === undefined ? query : { afterId: header });
    streams.assertRoom();
    reply.hijack();
    reply.raw.writeHead(200, {
      ...SECURITY_HEADERS,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-request-id': id,
      'x-accel-buffering': 'no',
    });
    streams.open(reply.raw, afterId);
  });
}
