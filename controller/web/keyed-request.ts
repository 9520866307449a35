import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { BrambleError } from '../../proto/contract/errors.js';
import type { KeyedRequest } from '../usecases/idempotency.js';
import { actorOf } from './routes/actor.js';

const KEY = /^[!-~]{1,128}$/;

/**
 * A change with an Idempotency-Key; `undefined` for one without, and for what only reads. Keys of different people are
 * different keys.
 * @throws BrambleError `invalid-argument`
 */
export function keyedRequest(request: FastifyRequest): KeyedRequest | undefined {
  const { method, url, body, headers } = request;
  const key = headers['idempotency-key'];
  if (key === undefined || method === 'GET' || method === 'HEAD') return undefined;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new BrambleError('invalid-argument', 'an Idempotency-Key is 1 to 128 visible characters', {
      hint: 'a random UUID does',
      details: { fields: [{ field: 'Idempotency-Key', problem: 'is not 1 to 128 visible characters' }] },
    });
  }
  const asked = [method, url, headers['if-match'] ?? '', JSON.stringify(body ?? null)];
  return { keySha256: sha256(actorOf(request).name, key), requestSha256: sha256(...asked) };
}

function sha256(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('hex');
}
