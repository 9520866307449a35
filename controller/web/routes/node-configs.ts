import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import {
  NodeConfigHistory,
  NodeConfigPut,
  NodeConfigRollback,
  NodeConfigView,
} from '../../../proto/contract/api/node-config.js';
import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import type { WebOptions } from '../options.js';
import { parseInput, queryInteger } from '../parse.js';
import { actorOf } from './actor.js';
import { nodeIdOf } from './nodes.js';

const HistoryQuery = z.strictObject({ limit: queryInteger(1, 200).default(50) });

/** Only behind the administrator's door: it names users and their keys. */
export function nodeConfigRoutes(app: FastifyInstance, { fleet }: WebOptions): void {
  app.get('/api/v1/nodes/:id/config', async ({ params }) =>
    NodeConfigView.parse(await fleet.nodeConfig(nodeIdOf(params))),
  );

  app.get('/api/v1/nodes/:id/config/history', async ({ params, query }) => {
    const { limit } = parseInput(HistoryQuery, query);
    return NodeConfigHistory.parse({ revisions: await fleet.nodeConfigHistory(nodeIdOf(params), limit) });
  });

  app.put('/api/v1/nodes/:id/config', async (request) => {
    const { config, expectedRevision, reason } = parseInput(NodeConfigPut, request.body);
    const change = { config: parseNodeConfig(config), expectedRevision, reason, actor: actorOf(request) };
    return NodeConfigView.parse(await fleet.setNodeConfig(nodeIdOf(request.params), change));
  });

  app.post('/api/v1/nodes/:id/config/rollback', async (request) => {
    const rollback = parseInput(NodeConfigRollback, request.body);
    return NodeConfigView.parse(await fleet.rollbackNodeConfig(nodeIdOf(request.params), rollback, actorOf(request)));
  });
}
