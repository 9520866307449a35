import type { Actor } from '../../domain/access/actor.js';

/** Somebody who was let in, for tests of what comes after that. */
export function by(name: string): Actor {
  return { name, role: 'administrator', source: 'test', requestId: '' };
}
