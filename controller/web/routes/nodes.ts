import { BrambleError } from '../../../proto/contract/errors.js';
import { FACTS, type FactName, isTextFact, type NumberFactName } from '../../../proto/contract/facts.js';
import { isKnown, revisionSeen } from '../etag.js';
import { Cursors, nodeFilterOf } from '../lists.js';
import { ANSWERED, type Handlers, notModified, RenderedJson } from '../mount.js';
import { makeNodeRenderer } from '../node-json.js';
import type { WebOptions } from '../options.js';
import { NodeIdText } from '../parse.js';
import type { NODE_ROUTES } from '../table/nodes.js';
import { actorOf } from './actor.js';

const HISTORY_SPAN_MS_MAX = 31 * 86_400_000;
const HISTORY_POINTS_MAX = 100_000;

export function nodeHandlers({ history, random }: WebOptions): Handlers<typeof NODE_ROUTES> {
  const render = makeNodeRenderer();
  // Versions begin anew with the process, so its tags carry a word of their own.
  const process = Buffer.from(random.bytes(6)).toString('base64url');
  return {
    listNodes({ query, request, reply, fleet }) {
      const tag = `W/"${process}-${fleet.version()}"`;
      if (isKnown(request, reply, tag)) {
        notModified(reply);
        return ANSWERED;
      }
      const cursors = new Cursors(request, NodeIdText);
      const { state, limit, cursor } = query;
      const { items, next } = fleet.nodePage({ ...nodeFilterOf(query), state, limit, after: cursors.after(cursor) });
      const { nextCursor } = cursors.next(next);
      const more = nextCursor === undefined ? '' : `,"nextCursor":${JSON.stringify(nextCursor)}`;
      return new RenderedJson(`{"nodes":[${items.map(render).join(',')}]${more}}`);
    },
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
    changeNode: ({ params, body, request, fleet }) =>
      fleet.changeNode(params.id, body, revisionSeen(request), actorOf(request)),
    async startNodeMaintenance({ params: { id: nodeId }, body, request, fleet }) {
      return { maintenance: await fleet.startMaintenance({ kind: 'node', nodeId }, body, actorOf(request)) };
    },
    async endNodeMaintenance({ params: { id: nodeId }, request, fleet }) {
      await fleet.endMaintenance({ kind: 'node', nodeId }, actorOf(request));
      return {};
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
