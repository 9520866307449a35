import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import type { Handlers } from '../mount.js';
import type { NODE_CONFIG_ROUTES } from '../table/node-configs.js';
import { actorOf } from './actor.js';

export function nodeConfigHandlers(): Handlers<typeof NODE_CONFIG_ROUTES> {
  return {
    getNodeConfig: ({ params, fleet }) => fleet.nodeConfig(params.id),
    async listNodeConfigs({ params, query, fleet }) {
      return { revisions: [...(await fleet.nodeConfigHistory(params.id, query.limit))] };
    },
    setNodeConfig({ params, body: { config, expectedRevision, reason }, request, fleet }) {
      const wish = { config: parseNodeConfig(config), expectedRevision, reason };
      return fleet.setNodeConfig(params.id, wish, actorOf(request));
    },
    rollbackNodeConfig: ({ params, body, request, fleet }) =>
      fleet.rollbackNodeConfig(params.id, body, actorOf(request)),
  };
}
