/** Source of randomness. Real hosts use the kernel's; the simulator uses {@link seededRandom}. */
export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** Fresh random bytes, suitable for secrets on a real host. */
  bytes(length: number): Uint8Array;
}

/**
 * Deterministic generator for simulations and tests; never for secrets.
 * Source: xoshiro128**, Blackman and Vigna, "Scrambled Linear Pseudorandom Number Generators" (2018), seeded by splitmix32.
 */
export function seededRandom(seed: number): Random {
  let mix = seed >>> 0;
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) >>> 0;
    let z = mix;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let [a, b, c, d] = [splitmix(), splitmix(), splitmix(), splitmix()];
  const rotate = (x: number, by: number): number => ((x << by) | (x >>> (32 - by))) >>> 0;
  const next = (): number => {
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return result;
  };
  return {
    unit: () => next() / 2 ** 32,
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
}

/** Uniform integer in [0, below). */
export function randomBelow(random: Random, below: number): number {
  return Math.floor(random.unit() * below);
}

/** UUID version 7 (RFC 9562, 5.7): sorts by time of creation. */
export function uuidv7(nowMs: number, random: Random): string {
  const bytes = random.bytes(16);
  let rest = Math.max(0, Math.floor(nowMs));
  for (let i = 5; i >= 0; i--) {
    bytes[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
