import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../domain/access/actor.js';

/** Who is recorded for a change. */
export function actorOf({ caller }: FastifyRequest): Actor {
  return caller.actor;
}
