import { BrambleError } from '../../../proto/contract/errors.js';
import type { World } from '../ports.js';

const WINDOW_MS = 15 * 60_000;
/** Failed tries in a window: of one account from one address, of one account from anywhere, from one address for any account. */
const PAIR_TRIES_MAX = 5;
const ACCOUNT_TRIES_MAX = 30;
const ADDRESS_TRIES_MAX = 30;
const KEYS_MAX = 10_000;
/** Each hash takes 32 MiB for a tenth of a second. */
const HASHES_MAX = 2;
const WAITING_MAX = 6;

/**
 * Slows guessing down: too many wrong passwords close the way for a while, for accounts that do not exist just the same,
 * and never more than two passwords are hashed at once. A try counts when it begins, so that many at once do not slip by.
 */
export class LoginGuard {
  readonly #clock: World['clock'];
  /** Key -> when the window began (monotonic) and tries in it. */
  readonly #tries = new Map<string, { readonly sinceMs: number; count: number }>();
  readonly #waiting: (() => void)[] = [];
  #hashing = 0;

  constructor(clock: World['clock']) {
    this.#clock = clock;
  }

  /** @throws BrambleError `resource-exhausted` */
  begin(account: string, address: string): void {
    const keys = this.#keys(account, address);
    for (const { key, max } of keys) {
      if ((this.#window(key)?.count ?? 0) >= max) throw tooMany(this.#waitMs(key));
    }
    for (const { key } of keys) this.#count(key);
  }

  /** The password was right: what went wrong before is forgotten, for this account from this address. */
  succeeded(account: string, address: string): void {
    const [pair, ...others] = this.#keys(account, address);
    if (pair !== undefined) this.#tries.delete(pair.key);
    for (const { key } of others) {
      const window = this.#tries.get(key);
      if (window !== undefined) window.count -= 1;
    }
  }

  /** @throws BrambleError `resource-exhausted` when others wait already */
  async hashing<T>(work: () => Promise<T>): Promise<T> {
    if (this.#hashing >= HASHES_MAX) {
      if (this.#waiting.length >= WAITING_MAX) throw tooMany(1_000);
      await new Promise<void>((turn) => {
        this.#waiting.push(turn);
      });
    } else {
      this.#hashing += 1;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift(); // its place is handed on
      if (next === undefined) this.#hashing -= 1;
      else next();
    }
  }

  #keys(account: string, address: string): readonly { readonly key: string; readonly max: number }[] {
    return [
      { key: `pair ${address} ${account}`, max: PAIR_TRIES_MAX },
      { key: `account ${account}`, max: ACCOUNT_TRIES_MAX },
      { key: `address ${address}`, max: ADDRESS_TRIES_MAX },
    ];
  }

  #window(key: string): { readonly sinceMs: number; count: number } | undefined {
    const window = this.#tries.get(key);
    if (window === undefined || this.#clock.monotonicMs() - window.sinceMs < WINDOW_MS) return window;
    this.#tries.delete(key);
    return undefined;
  }

  #waitMs(key: string): number {
    const sinceMs = this.#tries.get(key)?.sinceMs ?? 0;
    return sinceMs + WINDOW_MS - this.#clock.monotonicMs();
  }

  #count(key: string): void {
    const window = this.#window(key);
    if (window !== undefined) {
      window.count += 1;
      return;
    }
    if (this.#tries.size >= KEYS_MAX) {
      const [oldest] = this.#tries.keys();
      if (oldest !== undefined) this.#tries.delete(oldest);
    }
    this.#tries.set(key, { sinceMs: this.#clock.monotonicMs(), count: 1 });
  }
}

function tooMany(waitMs: number): BrambleError {
  const minutes = Math.ceil(waitMs / 60_000);
  return new BrambleError('resource-exhausted', 'too many tries to sign in', {
    hint: `try again in ${minutes} min, or use a login link: bramble login-link`,
  });
}
