import type { Handlers } from '../mount.js';
import type { BATCH_ROUTES } from '../table/batch.js';
import { actorOf } from './actor.js';

export function batchHandlers(): Handlers<typeof BATCH_ROUTES> {
  return { runBatch: ({ body, request, fleet }) => fleet.batch(body, actorOf(request)) };
}
