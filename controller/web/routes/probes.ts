import type { FastifyInstance } from 'fastify';
import { Readiness } from '../../../proto/contract/api/lists.js';
import type { Metrics } from '../metrics.js';
import type { Measure, WebOptions } from '../options.js';

/** For supervisors and monitoring: alive, able to serve, and in figures. */
export function probeRoutes(
  app: FastifyInstance,
  { readiness, measures, fleet }: WebOptions,
  metrics: Metrics,
  streamClientCount: () => number,
): void {
  app.get('/healthz', (_request, reply) => reply.type('text/plain; charset=utf-8').send('ok\n'));

  app.get('/readyz', async (_request, reply) => {
    const parts = await readiness();
    const ready = parts.every((part) => part.ready);
    return reply.status(ready ? 200 : 503).send(Readiness.parse({ ready, parts }));
  });

  app.get('/metrics', async (_request, reply) => {
    const own: Measure = {
      name: 'bramble_event_stream_readers',
      help: 'Readers of the HTTP event stream.',
      kind: 'gauge',
      value: streamClientCount(),
    };
    const text = await metrics.render([...nodesByState(fleet.nodes()), own, ...(await measures())]);
    return reply.type(metrics.contentType).send(text);
  });
}

const STATES = ['ready', 'troubled', 'no-contact', 'unknown', 'frozen', 'revoked'] as const;

/** Every state is there from the first scrape on, so that alerts can be written on it. */
function nodesByState(nodes: readonly { readonly state: (typeof STATES)[number] }[]): readonly Measure[] {
  return STATES.map((state) => ({
    name: 'bramble_nodes',
    help: 'Nodes by the state that the page shows.',
    kind: 'gauge',
    labels: { state },
    value: nodes.filter((node) => node.state === state).length,
  }));
}
