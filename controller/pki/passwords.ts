import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { Random } from '../../proto/contract/random.js';
import type { Secret } from '../../proto/contract/secret.js';
import type { Passwords, PasswordVerdict } from '../usecases/access/ports.js';

interface ScryptCost {
  /** CPU and memory cost, a power of two. */
  readonly n: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and about a quarter of a second. Source: OWASP Password Storage Cheat Sheet, scrypt, the row for 32 MiB. */
const COST: ScryptCost = { n: 2 ** 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const STORED = /^scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([0-9a-f]{32})\$([0-9a-f]{64})$/;

/** Passwords by scrypt; every hash says its own parameters, so that they can be raised. */
export class ScryptPasswords implements Passwords {
  readonly #random: Random;
  readonly #cost: ScryptCost;

  constructor(random: Random, cost: ScryptCost = COST) {
    this.#random = random;
    this.#cost = cost;
  }

  async hash(password: Secret): Promise<string> {
    const { n, r, p } = this.#cost;
    const salt = Buffer.from(this.#random.bytes(SALT_BYTES));
    const hash = await derive(password, salt, this.#cost);
    return `scrypt$${n}$${r}$${p}$${salt.toString('hex')}$${hash.toString('hex')}`;
  }

  async check(password: Secret, stored: string | undefined): Promise<PasswordVerdict> {
    const known = stored === undefined ? undefined : parseStored(stored);
    const { cost, salt, hash } = known ?? {
      cost: this.#cost,
      salt: Buffer.alloc(SALT_BYTES),
      hash: Buffer.alloc(HASH_BYTES),
    };
    const matches = timingSafeEqual(await derive(password, salt, cost), hash) && known !== undefined;
    const { n, r, p } = this.#cost;
    return { matches, isOutdated: matches && (cost.n !== n || cost.r !== r || cost.p !== p) };
  }
}

function parseStored(text: string) {
  const [, n, r, p, salt, hash] = STORED.exec(text) ?? [];
  if (salt === undefined || hash === undefined) return undefined; // not ours: nobody's password fits it
  const cost = { n: Number(n), r: Number(r), p: Number(p) };
  return { cost, salt: Buffer.from(salt, 'hex'), hash: Buffer.from(hash, 'hex') };
}

function derive(password: Secret, salt: Buffer, { n, r, p }: ScryptCost): Promise<Buffer> {
  const options: ScryptOptions = { N: n, r, p, maxmem: 256 * n * r };
  // The same letters in another Unicode form are the same password. Source: RFC 8265, section 4.2.
  const text = password.reveal().normalize('NFC');
  return new Promise((resolve, reject) => {
    scrypt(text, salt, HASH_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
