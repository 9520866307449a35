import type { SiteId } from '../../../proto/contract/ids.js';
import type { UplinkBudget } from '../../domain/site.js';
import type { UplinkUsage } from '../overlay/ports.js';
import { monthOf } from '../overlay/traffic.js';
import type { Store, World } from '../ports.js';
import { type BulkKind, SiteLine } from './site-line.js';

/** Rates are shown over a minute, in slots of this length. */
const SLOT_MS = 5_000;
/** Budgets that people have changed hold from then on. */
const READ_EVERY_SLOTS = 2;
const WRITE_EVERY_SLOTS = 12;

/** What one connection has carried since this was last told. */
export interface CarriedBytes {
  readonly site: SiteId;
  /** Of its other end, without the port. */
  readonly address: string;
  /** From the site, and to it: everything on the connection, handshakes among it, without the headers of packets. */
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** How a site's uplink is used. */
interface UplinkUse {
  /** Over the last minute, everything of ours. */
  readonly downBitsPerS: number;
  readonly upBitsPerS: number;
  /** Of it, images towards the site, and uploads from it. */
  readonly imagesBitsPerS: number;
  readonly uploadsBitsPerS: number;
  /** Both directions, in this month (UTC). */
  readonly monthBytes: number;
}

/** What others ask of it. */
export type UplinkSight = Pick<SiteUplinks, 'budgetOf' | 'use'>;

export interface SiteUplinksDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'timers' | 'log'>;
  /** An address in a tunnel: what came from it is charged where the tunnel is. */
  readonly isInTunnel: (address: string) => boolean;
}

/**
 * The uplinks of all sites: what they bear, what is on them, and how long bulk waits. Streams of agents never wait; what they
 * carry is paid out of the same bucket, so that images and uploads are what gives way.
 */
export class SiteUplinks {
  readonly #deps: SiteUplinksDeps;
  readonly #lines = new Map<SiteId, SiteLine>();
  #waiting = new Map<SiteId, UplinkUsage>();
  #month: ReadonlyMap<SiteId, number> = new Map();
  #slots = 0;
  #cancel: () => void = () => undefined;
  #turning: Promise<void> = Promise.resolve();

  constructor(deps: SiteUplinksDeps) {
    this.#deps = deps;
  }

  /** Reads budgets and begins to look. @throws BrambleError of the store */
  async start(): Promise<void> {
    await this.#read();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#cancel();
    await this.#turning;
    await this.#write();
  }

  budgetOf(site: SiteId): UplinkBudget | undefined {
    return this.#lines.get(site)?.budget;
  }

  /** How long so many bytes wait for their turn, ms; 0 where nobody said what the uplink bears. */
  bulkWaitMs(site: SiteId, kind: BulkKind, bytes: number): number {
    return this.#line(site).takeBulk(kind, bytes, this.#deps.world.clock.monotonicMs());
  }

  carried(all: readonly CarriedBytes[]): void {
    const { clock } = this.#deps.world;
    const nowMs = clock.monotonicMs();
    const month = monthOf(clock.nowMs());
    for (const { site, address, receivedBytes, sentBytes } of all) {
      const line = this.#line(site);
      line.carried('up', receivedBytes, nowMs);
      line.carried('down', sentBytes, nowMs);
      if (!this.#deps.isInTunnel(address)) this.#charge({ site, month, receivedBytes, sentBytes });
    }
  }

  use(site: SiteId): UplinkUse {
    const { down, up, images, uploads } = this.#line(site).rates(SLOT_MS);
    const waiting = this.#waiting.get(site);
    const monthBytes = (this.#month.get(site) ?? 0) + (waiting?.receivedBytes ?? 0) + (waiting?.sentBytes ?? 0);
    return { downBitsPerS: down, upBitsPerS: up, imagesBitsPerS: images, uploadsBitsPerS: uploads, monthBytes };
  }

  #line(site: SiteId): SiteLine {
    const line = this.#lines.get(site) ?? new SiteLine();
    this.#lines.set(site, line);
    return line;
  }

  #charge({ site, month, receivedBytes, sentBytes }: UplinkUsage): void {
    const before = this.#waiting.get(site) ?? { receivedBytes: 0, sentBytes: 0 };
    const [received, sent] = [before.receivedBytes + receivedBytes, before.sentBytes + sentBytes];
    this.#waiting.set(site, { site, month, receivedBytes: received, sentBytes: sent });
  }

  #schedule(): void {
    this.#cancel = this.#deps.world.timers.after(SLOT_MS, () => {
      this.#schedule();
      this.#turning = this.#turn().catch((thrown: unknown) => {
        this.#deps.world.log.warn({ err: thrown }, 'what uplinks bear and carried could not be kept; tried again');
      });
    });
  }

  async #turn(): Promise<void> {
    this.#slots += 1;
    for (const line of this.#lines.values()) line.turn();
    if (this.#slots % WRITE_EVERY_SLOTS === 0) await this.#write();
    if (this.#slots % READ_EVERY_SLOTS === 0) await this.#read();
  }

  async #read(): Promise<void> {
    const { store, world } = this.#deps;
    const sites = await store.reader.sites();
    const nowMs = world.clock.monotonicMs();
    for (const { id, uplink } of sites) this.#line(id).setBudget(uplink, nowMs);
    const known = new Set(sites.map(({ id }) => id));
    for (const id of this.#lines.keys()) if (!known.has(id)) this.#lines.delete(id);
    const usage = await store.reader.overlay.uplinkUsage(monthOf(world.clock.nowMs()));
    this.#month = new Map(usage.map(({ site, receivedBytes, sentBytes }) => [site, receivedBytes + sentBytes]));
  }

  /** What fails to be written waits for the next time. */
  async #write(): Promise<void> {
    const charges = this.#waiting;
    if (charges.size === 0) return;
    this.#waiting = new Map();
    try {
      await this.#deps.store.transact(async ({ overlay }) => {
        for (const charge of charges.values()) await overlay.chargeUplink(charge);
      });
    } catch (thrown) {
      for (const charge of charges.values()) this.#charge(charge);
      throw thrown;
    }
  }
}
