import { randomBytes } from 'node:crypto';
import type { Random } from '../../../../proto/contract/random.js';

/** The kernel's generator. */
export function makeNodeRandom(): Random {
  return {
    // 48 bits: what readUIntBE reads at once, and plenty for jitter.
    unit: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
    bytes: (length) => Uint8Array.from(randomBytes(length)),
  };
}
