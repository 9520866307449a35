import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { NodeDetail } from '../../../proto/contract/api/fleet.js';
import { FactHistory, NodeList } from '../../../proto/contract/api/lists.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { FACTS, type FactName, isTextFact, type NumberFactName } from '../../../proto/contract/facts.js';
import { nodeId } from '../../../proto/contract/ids.js';
import type { WebOptions } from '../options.js';
import { parseInput, queryInteger } from '../parse.js';

const TIME_MS_MAX = 8_640_000_000_000_000;
const HISTORY_SPAN_MS_MAX = 31 * 86_400_000;
const HISTORY_POINTS_MAX = 100_000;

const NodePath = z.object({ id: z.string() });
const HistoryQuery = z.strictObject({
  fact: z.string(),
  instance: z.string().max(255).default(''),
  fromMs: queryInteger(0, TIME_MS_MAX),
  toMs: queryInteger(0, TIME_MS_MAX),
});

export function nodeRoutes(app: FastifyInstance, { fleet, history }: WebOptions): void {
  app.get('/api/v1/nodes', () => NodeList.parse({ nodes: fleet.nodes() }));

  app.get('/api/v1/nodes/:id', ({ params }) => NodeDetail.parse(fleet.node(nodeIdOf(params))));

  app.get('/api/v1/nodes/:id/history', async ({ params, query }) => {
    const id = nodeIdOf(params);
    const { fact, instance, fromMs, toMs } = parseInput(HistoryQuery, query);
    if (toMs <= fromMs || toMs - fromMs > HISTORY_SPAN_MS_MAX) {
      throw new BrambleError('invalid-argument', 'toMs must be later than fromMs, by at most 31 days');
    }
    fleet.node(id); // not-found for a node that never was, instead of an empty history
    const points = await history.series(id, numberFact(fact), instance, fromMs, toMs);
    if (points.length > HISTORY_POINTS_MAX) {
      throw new BrambleError('resource-exhausted', `${points.length} values are too many for one answer`, {
        hint: 'ask for a shorter time',
      });
    }
    return FactHistory.parse({ fact, instance, points: points.map(({ atMs, value }) => [atMs, value]) });
  });
}

export function nodeIdOf(params: unknown) {
  return nodeId(parseInput(NodePath, params).id);
}

function numberFact(text: string): NumberFactName {
  if (Object.hasOwn(FACTS, text)) {
    const fact = text as FactName; // it is a key of FACTS, as just checked
    if (!isTextFact(fact)) return fact;
  }
  throw new BrambleError('invalid-argument', `no history is kept of ${JSON.stringify(text.slice(0, 64))}`, {
    hint: 'history is kept of facts that are numbers; the page of a node lists their names',
  });
}
