import type { Clock } from '../../../proto/contract/clock.js';
import type { SiteId } from '../../../proto/contract/ids.js';
import type { LiveTunnel, OverlayWriter, UplinkUsage } from './ports.js';

/** What sites' tunnels carry: counters of the gateway, which start anew with every tunnel, added up per site and month. */
export class OverlayTraffic {
  readonly #clock: Clock;
  /** Of each live tunnel, when it was last looked at. */
  readonly #seen = new Map<string, LiveTunnel>();
  readonly #waiting = new Map<string, UplinkUsage>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param siteOf whose tunnel it is; one of nobody's is charged to nobody */
  saw(tunnels: readonly LiveTunnel[], siteOf: (tunnel: LiveTunnel) => SiteId | undefined): void {
    const live = new Set(tunnels.map(keyOf));
    for (const key of this.#seen.keys()) if (!live.has(key)) this.#seen.delete(key);
    for (const tunnel of tunnels) {
      const before = this.#seen.get(keyOf(tunnel));
      this.#seen.set(keyOf(tunnel), tunnel);
      const site = siteOf(tunnel);
      if (site === undefined) continue;
      const receivedBytes = tunnel.receivedBytes - (before?.receivedBytes ?? 0);
      const sentBytes = tunnel.sentBytes - (before?.sentBytes ?? 0);
      this.#charge({ site, month: monthOf(this.#clock.nowMs()), receivedBytes, sentBytes });
    }
  }

  /** Writes what was not written yet. What fails to be written waits for the next time. */
  async flush(write: (charge: (writer: OverlayWriter) => Promise<void>) => Promise<void>): Promise<void> {
    const charges = [...this.#waiting.values()];
    if (charges.length === 0) return;
    this.#waiting.clear();
    try {
      await write(async (writer) => {
        for (const charge of charges) await writer.chargeUplink(charge);
      });
    } catch (thrown) {
      for (const charge of charges) this.#charge(charge);
      throw thrown;
    }
  }

  /** What waits to be written. */
  unwritten(): readonly UplinkUsage[] {
    return [...this.#waiting.values()];
  }

  #charge({ site, month, receivedBytes, sentBytes }: UplinkUsage): void {
    const key = `${site} ${month}`;
    const waiting = this.#waiting.get(key);
    this.#waiting.set(key, {
      site,
      month,
      receivedBytes: (waiting?.receivedBytes ?? 0) + Math.max(0, receivedBytes),
      sentBytes: (waiting?.sentBytes ?? 0) + Math.max(0, sentBytes),
    });
  }
}

/** "2026-11", in UTC. */
export function monthOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 7);
}

/** A process that was started anew counts its clients from 0 again. */
function keyOf({ clientId, name, connectedAtMs }: LiveTunnel): string {
  return `${clientId} ${name} ${connectedAtMs}`;
}
