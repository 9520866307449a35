import { z } from 'zod';
import { Severity } from '../../../proto/contract/api/fleet.js';
import { EventList } from '../../../proto/contract/api/lists.js';
import { declareRoute } from '../declare.js';
import { cursorText, NodeWords, pageLimit } from '../lists.js';
import { NodeIdText, queryInteger } from '../parse.js';
import { EVENT_EXAMPLE } from './examples.js';

const REASONS_MAX = 8;
const ReasonsText = z
  .string()
  .max(REASONS_MAX * 64)
  .transform((text) => text.split(','))
  .pipe(z.array(z.string()).max(REASONS_MAX));

export const StreamQuery = z.strictObject({
  afterId: queryInteger(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('begin after this event; Last-Event-ID says it too'),
  only: z.enum(['events']).optional().describe('nothing of nodes'),
});

export const EVENT_ROUTES = {
  listEvents: declareRoute({
    method: 'GET',
    path: '/api/v1/events',
    summary: 'What happened, newest first',
    tag: 'events',
    doors: 'both',
    query: z.strictObject({
      ...NodeWords,
      node: NodeIdText.optional(),
      severity: Severity.optional(),
      reason: ReasonsText.optional().describe('such as ConditionRaised; several with commas between them'),
      limit: pageLimit(1_000, 100),
      cursor: cursorText,
    }),
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
