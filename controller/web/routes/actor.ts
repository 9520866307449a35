import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { parseInput } from '../parse.js';

const Actor = z
  .string()
  .regex(/^[A-Za-z0-9._@+-]{1,64}$/, 'must be a login name')
  .optional();

/**
 * Who is recorded for a change. Whoever may open the administrator's socket is this machine's root or the controller's
 * own user; the name is what their tool says, kept so that two administrators can be told apart.
 */
export function actorOf({ headers }: FastifyRequest): string {
  const name = parseInput(Actor, headers['x-bramble-actor']);
  return name === undefined ? 'admin' : `admin:${name}`;
}
