import { parseNodeConfig } from '../../../proto/contract/node-config/parse.js';
import type { Handlers } from '../mount.js';
import type { WebOptions } from '../options.js';
import type { NODE_CONFIG_ROUTES } from '../table/node-configs.js';
import { actorOf } from './actor.js';

export function nodeConfigHandlers({ fleet }: WebOptions): Handlers<typeof NODE_CONFIG_ROUTES> {
  return {
    getNodeConfig: ({ params }) => fleet.nodeConfig(params.id),
    async listNodeConfigs({ params, query }) {
      return { revisions: [...(await fleet.nodeConfigHistory(params.id, query.limit))] };
    },
    setNodeConfig({ params, body: { config, expectedRevision, reason }, request }) {
      const change = { config: parseNodeConfig(config), expectedRevision, reason, actor: actorOf(request) };
      return fleet.setNodeConfig(params.id, change);
    },
    rollbackNodeConfig: ({ params, body, request }) => fleet.rollbackNodeConfig(params.id, body, actorOf(request)),
  };
}
