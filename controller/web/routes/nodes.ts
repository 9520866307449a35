import { BrambleError } from '../../../proto/contract/errors.js';
import { FACTS, type FactName, isTextFact, type NumberFactName } from '../../../proto/contract/facts.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { NODE_ROUTES } from '../table/nodes.js';
import { actorOf } from './actor.js';

const HISTORY_SPAN_MS_MAX = 31 * 86_400_000;
const HISTORY_POINTS_MAX = 100_000;

export function nodeHandlers({ history }: WebOptions): Handlers<typeof NODE_ROUTES> {
  return {
    listNodes: ({ fleet }) => ({ nodes: [...fleet.nodes()] }),
    getNode: ({ params, fleet }) => fleet.node(params.id),
    async getNodeHistory({ params: { id }, query: { fact, instance, fromMs, toMs }, fleet }) {
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
      return { fact, instance, points: points.map(({ atMs, value }) => [atMs, value]) };
    },
    revokeNode: ({ params, body, request, fleet }) => fleet.revokeNode(params.id, body.reason, actorOf(request)),
    thawNode: ({ params, body, request, fleet }) => fleet.thawNode(params.id, body.reason, actorOf(request)),
  };
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
