import type { Metrics } from '../metrics.js';
import { type Handlers, RenderedJson } from '../mount.js';
import { makeDocument } from '../openapi.js';
import type { Measure, WebOptions } from '../options.js';
import type { PROBE_ROUTES } from '../table/probes.js';

/** For supervisors and monitoring: alive, able to serve, and in figures. */
export function probeHandlers(
  { readiness, measures, wholeFleet }: WebOptions,
  metrics: Metrics,
  streamClientCount: () => number,
): Handlers<typeof PROBE_ROUTES> {
  const document = new RenderedJson(JSON.stringify(makeDocument())); // the same as long as the program runs
  return {
    getHealth: () => 'ok\n',
    async getReadiness({ reply }) {
      const parts = [...(await readiness())];
      const ready = parts.every((part) => part.ready);
      reply.status(ready ? 200 : 503);
      return { ready, parts };
    },
    async getMetrics({ reply }) {
      const own: Measure = {
        name: 'bramble_event_stream_readers',
        help: 'Readers of the HTTP event stream.',
        kind: 'gauge',
        value: streamClientCount(),
      };
      reply.type(metrics.contentType);
      return await metrics.render([...nodesByState(wholeFleet.nodes()), own, ...(await measures())]);
    },
    getOpenApi: () => document,
  };
}

const STATES = ['ready', 'troubled', 'no-contact', 'unknown', 'maintenance', 'frozen', 'revoked'] as const;

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
