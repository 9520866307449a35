import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { TokenView } from '../../../proto/contract/api/fleet.js';
import { TokenList } from '../../../proto/contract/api/lists.js';
import { TokenCreate, TokenCreated } from '../../../proto/contract/api/requests.js';
import { siteId } from '../../../proto/contract/ids.js';
import type { WebOptions } from '../options.js';
import { parseInput } from '../parse.js';
import { actorOf } from './actor.js';

const TokenPath = z.object({ keyId: z.string().regex(/^[A-Za-z0-9]{1,16}$/, 'is not the key id of a token') });
const TOKENS_MAX = 1_000;

export function tokenRoutes(app: FastifyInstance, { fleet, join }: WebOptions): void {
  app.get('/api/v1/tokens', async () => TokenList.parse({ tokens: await fleet.tokens(TOKENS_MAX) }));

  app.post('/api/v1/tokens', async (request, reply) => {
    const create = parseInput(TokenCreate, request.body);
    siteId(create.site);
    const { token, view } = await fleet.createToken(create, actorOf(request));
    const { keyId, expiresAtMs } = view;
    return reply.status(201).send(TokenCreated.parse({ ...join, keyId, token, expiresAtMs }));
  });

  app.delete('/api/v1/tokens/:keyId', async (request) => {
    const { keyId } = parseInput(TokenPath, request.params);
    return TokenView.parse(await fleet.revokeToken(keyId, actorOf(request)));
  });
}
