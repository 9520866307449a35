import { z } from 'zod';
import { EventList } from '../../../proto/contract/api/lists.js';
import { declareRoute } from '../declare.js';
import { NodeIdText, queryInteger } from '../parse.js';
import { EVENT_EXAMPLE } from './examples.js';

export const StreamQuery = z.strictObject({ afterId: queryInteger(0, Number.MAX_SAFE_INTEGER).optional() });

export const EVENT_ROUTES = {
  listEvents: declareRoute({
    method: 'GET',
    path: '/api/v1/events',
    summary: 'What happened, newest first',
    tag: 'events',
    doors: 'both',
    query: z.strictObject({ node: NodeIdText.optional(), limit: queryInteger(1, 1_000).default(100) }),
    answer: { status: 200, description: 'events', schema: EventList, example: { events: [EVENT_EXAMPLE] } },
    errors: [],
  }),
  streamEvents: declareRoute({
    method: 'GET',
    path: '/api/v1/events/stream',
    summary:
      'Everything that happens, as server-sent events; begun again with Last-Event-ID (or afterId) nothing is left out',
    tag: 'events',
    doors: 'both',
    query: StreamQuery,
    answer: {
      status: 200,
      description: 'an endless text/event-stream',
      schema: z.string(),
      example: 'id: 17\nevent: event\ndata: {"id":17}\n\n',
      content: 'text/event-stream',
    },
    errors: ['resource-exhausted'],
  }),
} as const;
