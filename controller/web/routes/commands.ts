import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CommandView, NodeView } from '../../../proto/contract/api/fleet.js';
import { CommandList } from '../../../proto/contract/api/lists.js';
import { CommandCreate, Reason } from '../../../proto/contract/api/requests.js';
import { commandId } from '../../../proto/contract/ids.js';
import type { WebOptions } from '../options.js';
import { parseInput, queryInteger } from '../parse.js';
import { actorOf } from './actor.js';
import { nodeIdOf } from './nodes.js';

const CommandPath = z.object({ id: z.string() });
const CommandsQuery = z.strictObject({ limit: queryInteger(1, 1_000).default(100) });

export function commandRoutes(app: FastifyInstance, { fleet }: WebOptions): void {
  app.get('/api/v1/nodes/:id/commands', async ({ params, query }) => {
    const { limit } = parseInput(CommandsQuery, query);
    return CommandList.parse({ commands: await fleet.commands(nodeIdOf(params), limit) });
  });

  app.post('/api/v1/nodes/:id/commands', async (request, reply) => {
    const create = parseInput(CommandCreate, request.body);
    const view = await fleet.issueCommand(nodeIdOf(request.params), create, actorOf(request));
    return reply.status(202).send(CommandView.parse(view));
  });

  app.get('/api/v1/commands/:id', async ({ params }) => {
    const { id } = parseInput(CommandPath, params);
    return CommandView.parse(await fleet.command(commandId(id)));
  });

  app.post('/api/v1/nodes/:id/revoke', async (request) => {
    const { reason } = parseInput(Reason, request.body);
    return NodeView.parse(await fleet.revokeNode(nodeIdOf(request.params), reason, actorOf(request)));
  });

  app.post('/api/v1/nodes/:id/thaw', async (request) => {
    const { reason } = parseInput(Reason, request.body);
    return NodeView.parse(await fleet.thawNode(nodeIdOf(request.params), reason, actorOf(request)));
  });
}
