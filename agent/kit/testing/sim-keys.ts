import type { Random } from '../../../proto/contract/random.js';
import { ed25519FromSeed, makeNodeKeys } from '../host/node/keys.js';
import type { Keys } from '../host/ports.js';

/** Real cryptography, with keys from the world's seed: Ed25519, whose signatures are deterministic too. */
export function makeSimKeys(random: Random): Keys {
  return { ...makeNodeKeys(), makeKeyPair: () => ed25519FromSeed(random.bytes(32)) };
}
