/** How an agent acts as though its uplink were gone: pure. */

/** `all`: nobody answers anywhere. `current`: nobody answers at the address that it is connected over. */
export interface Away {
  readonly forMs: number;
  readonly way: 'all' | 'current';
}

export interface Shunned {
  readonly index: number;
  /** Monotonic. */
  readonly untilMs: number;
}

/** How it came back. */
export interface Back {
  /** From the order until a controller welcomed it again. */
  readonly afterMs: number;
  /** Number of the address that it came back over, from 1, and of the one before. */
  readonly address: number;
  readonly before: number;
}

/** The one whose turn it is, unless it is shunned and there is another. */
export function addressToDial(
  { count, index }: { readonly count: number; readonly index: number },
  shunned: Shunned | undefined,
  nowMs: number,
): number {
  if (shunned === undefined || nowMs >= shunned.untilMs || shunned.index !== index) return index;
  return (index + 1) % count;
}
