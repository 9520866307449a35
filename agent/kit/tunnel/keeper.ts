import { BrambleError } from '../../../proto/contract/errors.js';
import type { ClientMode } from '../../../proto/contract/overlay/network.js';
import {
  TunnelMode,
  type TunnelRequest,
  type TunnelProfile as WireProfile,
} from '../../../proto/gen/bramble/agent/v1/tunnel.js';
import { number, object, string } from '../form.js';
import type { Files, Keys } from '../host/ports.js';
import { errorFields, type Log } from '../log.js';
import { parseTunnelOrder, type TunnelActuator } from './order.js';

/** The tunnel of this node, as far as it has come. */
interface StoredTunnel {
  readonly privateKeyPem: string;
  readonly spkiDer: Uint8Array;
  /** Of the profile that is in place; empty = none is. */
  readonly digest: string;
  /** When to ask for the next certificate, in the controller's time; 0 = none is there. */
  readonly renewAtMs: number;
}

export interface TunnelKeeperOptions {
  readonly files: Pick<Files, 'readText' | 'writeAtomic'>;
  readonly path: string;
  readonly keys: Pick<Keys, 'makeKeyPair'>;
  readonly mode: ClientMode;
  readonly actuator: TunnelActuator;
  readonly log: Log;
}

/** So long until a renewal that was asked for is asked for again. */
const ASK_AGAIN_MS = 3_600_000;
/** A profile that could not be put in place is asked for anew. */
const TRY_AGAIN_MS = 60_000;

/**
 * Has this node's tunnel be what the controller says. The key is made here and stays; the stream brings certificates. The tunnel
 * itself does not need this agent: it runs, and comes back, without it.
 */
export class TunnelKeeper {
  readonly #options: TunnelKeeperOptions;
  #stored: StoredTunnel;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #askAfterMs = ASK_AGAIN_MS;
  #applying: Promise<void> = Promise.resolve();

  private constructor(options: TunnelKeeperOptions, stored: StoredTunnel) {
    this.#options = options;
    this.#stored = stored;
  }

  /** What cannot be read is as if it was never there: a new key, and a certificate for it. @throws BrambleError of the storage */
  static async load(options: TunnelKeeperOptions): Promise<TunnelKeeper> {
    const { files, path, keys } = options;
    const known = parseStored(await files.readText(path).catch(() => undefined));
    if (known !== undefined) return new TunnelKeeper(options, known);
    const { privateKeyPem, spkiDer } = keys.makeKeyPair();
    const keeper = new TunnelKeeper(options, { privateKeyPem, spkiDer, digest: '', renewAtMs: 0 });
    await keeper.#store(keeper.#stored);
    return keeper;
  }

  /** What to say after a Welcome. @param controllerNowMs ms since 1970-01-01 UTC */
  greeting(controllerNowMs: number): TunnelRequest {
    this.#askedAtMs = controllerNowMs;
    return this.#request(controllerNowMs >= this.#stored.renewAtMs);
  }

  /** What to say now, if anything. */
  due(controllerNowMs: number): TunnelRequest | undefined {
    const { renewAtMs } = this.#stored;
    if (controllerNowMs < renewAtMs || controllerNowMs - this.#askedAtMs < this.#askAfterMs) return undefined;
    this.#askedAtMs = controllerNowMs;
    this.#askAfterMs = ASK_AGAIN_MS;
    return this.#request(true);
  }

  /**
   * Puts a profile in place, one after the other. Never rejects.
   * @returns what to say then; `undefined` when it is not in place
   */
  async take(profile: WireProfile, controllerNowMs: number, signal: AbortSignal): Promise<TunnelRequest | undefined> {
    const { log } = this.#options;
    if (profile.refusal !== '') {
      log.warn({ why: profile.refusal }, 'the controller gives this node no tunnel');
      return undefined;
    }
    const done = this.#applying.then(() => this.#apply(profile, controllerNowMs, signal));
    this.#applying = done.catch(() => undefined); // said below
    try {
      await done;
      log.info({ prefix: profile.ownPrefix }, 'the tunnel is in place');
      return this.#request(false);
    } catch (thrown) {
      this.#askAfterMs = TRY_AGAIN_MS;
      log.warn(errorFields(thrown), 'the tunnel could not be put in place; it is tried again');
      return undefined;
    }
  }

  async #apply(profile: WireProfile, controllerNowMs: number, signal: AbortSignal): Promise<void> {
    const { actuator, mode } = this.#options;
    const { privateKeyPem } = this.#stored;
    const order = parseTunnelOrder({ privateKeyPem, profile: fromWire(profile) });
    if (order.profile.mode !== mode) {
      throw new BrambleError('invalid-argument', `a tunnel for a ${order.profile.mode} came to a ${mode}`);
    }
    // Forgotten first: what is half in place counts as not there.
    await this.#store({ ...this.#stored, digest: '', renewAtMs: 0 });
    await actuator.apply(order, signal);
    const renewAtMs = controllerNowMs + order.profile.renewAfterMs;
    await this.#store({ ...this.#stored, digest: profile.digest, renewAtMs });
  }

  #request(isDue: boolean): TunnelRequest {
    const { spkiDer, digest } = this.#stored;
    const { mode } = this.#options;
    return { mode: WIRE_MODES[mode], spkiDer: Buffer.from(spkiDer), haveDigest: isDue ? '' : digest };
  }

  async #store(stored: StoredTunnel): Promise<void> {
    this.#stored = stored;
    const text = JSON.stringify({ ...stored, spkiDer: Buffer.from(stored.spkiDer).toString('base64') });
    await this.#options.files.writeAtomic(this.#options.path, `${text}\n`);
  }
}

const WIRE_MODES = {
  gateway: TunnelMode.GATEWAY,
  standalone: TunnelMode.STANDALONE,
} as const satisfies Record<ClientMode, TunnelMode>;

/** To our words; whoever acts on it judges them. */
function fromWire({ mode, remotes, digest, refusal, ...same }: WireProfile): unknown {
  const word = (['gateway', 'standalone'] as const).find((each) => WIRE_MODES[each] === mode) ?? 'unknown';
  const ways = remotes.map(({ host, port, tcp }) => ({ host, port, protocol: tcp ? 'tcp' : 'udp' }));
  return { ...same, mode: word, remotes: ways };
}

const FORM = object({ privateKeyPem: string(), spkiDer: string(), digest: string(), renewAtMs: number() });

function parseStored(text: string | undefined): StoredTunnel | undefined {
  try {
    const judged = FORM.safeParse(JSON.parse(text ?? ''));
    if (!judged.success) return undefined;
    return { ...judged.data, spkiDer: Buffer.from(judged.data.spkiDer, 'base64') };
  } catch {
    return undefined; // absent, or cut short
  }
}
