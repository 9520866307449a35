import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { principalName } from '../../domain/access/principal.js';
import type { EventStreams } from '../event-stream.js';
import { SECURITY_HEADERS } from '../guards.js';
import { Cursors, nodeFilterOf } from '../lists.js';
import { ANSWERED, type Handlers } from '../mount.js';
import { parseInput } from '../parse.js';
import { type EVENT_ROUTES, StreamQuery } from '../table/events.js';

/** Whether who asked may still be told; streams outlive the check of their request. */
type IsStillIn = (request: FastifyRequest) => Promise<boolean>;

export function eventHandlers(streams: EventStreams, isStillIn: IsStillIn): Handlers<typeof EVENT_ROUTES> {
  return {
    async listEvents({ query, request, fleet }) {
      const cursors = new Cursors(request, z.number().int());
      const { node: nodeId, severity, reason: reasons, limit, cursor } = query;
      const page = { limit, after: cursors.after(cursor) };
      const { items, next } = await fleet.events({ nodeId, severity, reasons, nodes: nodeFilterOf(query), ...page });
      return { events: [...items], ...cursors.next(next) };
    },
    streamEvents({ query, request, reply, fleet, caller }) {
      // A reconnecting browser says in the header where it was; the query is for the first connection.
      const { headers, id } = request;
      const header = headers['last-event-id'];
      const { afterId, only } =
        header === undefined ? query : parseInput(StreamQuery, { only: query.only, afterId: header });
      streams.assertRoom();
      reply.hijack();
      reply.raw.writeHead(200, {
        ...SECURITY_HEADERS,
        'content-type': 'text/event-stream; charset=utf-8',
        'x-request-id': id,
        'x-accel-buffering': 'no',
      });
      streams.open(
        reply.raw,
        { afterId, eventsOnly: only === 'events' },
        {
          fleet,
          account: principalName(caller.principal),
          isStillIn: () => isStillIn(request),
        },
      );
      return ANSWERED;
    },
  };
}
