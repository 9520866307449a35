import { BrambleError } from '../../../proto/contract/errors.js';
import { Secret } from '../../../proto/contract/secret.js';
import { renderBase32 } from '../../domain/base32.js';
import { renderHex } from '../../domain/hex.js';
import type { Trust, World } from '../ports.js';

const CODE_BYTES = 20;
const CODE_CHARACTERS = 32;
const LINKS_MAX = 32;

interface Link {
  readonly account: string;
  readonly untilMonotonicMs: number;
}

/**
 * Codes that open the page once for whoever holds the administrator's socket. Kept in memory alone, hashed, for minutes:
 * a restart of the controller ends them all.
 */
export class LoginLinks {
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #trust: Pick<Trust, 'tokenHmac'>;
  readonly #links = new Map<string, Link>();

  constructor(world: Pick<World, 'clock' | 'random'>, trust: Pick<Trust, 'tokenHmac'>) {
    this.#world = world;
    this.#trust = trust;
  }

  make(account: string, ttlMs: number): Secret {
    this.#forgetOld();
    if (this.#links.size >= LINKS_MAX) {
      throw new BrambleError('resource-exhausted', `${LINKS_MAX} login links wait to be used`, {
        hint: 'use one of them, or wait until they expire',
      });
    }
    const code = renderBase32(this.#world.random.bytes(CODE_BYTES), CODE_CHARACTERS);
    this.#links.set(this.#keyOf(code), { account, untilMonotonicMs: this.#world.clock.monotonicMs() + ttlMs });
    return new Secret(code);
  }

  /** The account that it opens; it is gone with this. `undefined` = used, expired or made up. */
  use(code: Secret): string | undefined {
    this.#forgetOld();
    const key = this.#keyOf(code.reveal());
    const link = this.#links.get(key);
    this.#links.delete(key);
    return link?.account;
  }

  /** Those of an account that must prove anew who it is. */
  forget(account: string): void {
    for (const [key, link] of this.#links) if (link.account === account) this.#links.delete(key);
  }

  #keyOf(code: string): string {
    return renderHex(this.#trust.tokenHmac(new TextEncoder().encode(`bramble-login-link-v1\0${code}`)));
  }

  #forgetOld(): void {
    const nowMs = this.#world.clock.monotonicMs();
    for (const [key, { untilMonotonicMs }] of this.#links) if (nowMs >= untilMonotonicMs) this.#links.delete(key);
  }
}
