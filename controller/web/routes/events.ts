import type { EventStreams } from '../event-stream.js';
import { SECURITY_HEADERS } from '../guards.js';
import { ANSWERED, type Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import { parseInput } from '../parse.js';
import { type EVENT_ROUTES, StreamQuery } from '../table/events.js';

export function eventHandlers({ fleet }: WebOptions, streams: EventStreams): Handlers<typeof EVENT_ROUTES> {
  return {
    async listEvents({ query: { node, limit } }) {
      return { events: [...(await fleet.events({ nodeId: node, limit }))] };
    },
    streamEvents({ query, request: { headers, id }, reply }) {
      // A reconnecting browser says in the header where it was; the query is for the first connection.
      const header = headers['last-event-id'];
      const { afterId } = header === undefined ? query : parseInput(StreamQuery, { ...query, afterId: header });
      streams.assertRoom();
      reply.hijack();
      reply.raw.writeHead(200, {
        ...SECURITY_HEADERS,
        'content-type': 'text/event-stream; charset=utf-8',
        'x-request-id': id,
        'x-accel-buffering': 'no',
      });
      streams.open(reply.raw, afterId);
      return ANSWERED;
    },
  };
}
