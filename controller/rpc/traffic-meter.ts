import type { Socket } from 'node:net';
import type { SiteId } from '../../proto/contract/ids.js';
import type { CarriedBytes } from '../usecases/uplink/site-uplinks.js';

interface Metered {
  readonly socket: Pick<Socket, 'bytesRead' | 'bytesWritten'>;
  readonly address: string;
  site: SiteId | undefined;
  read: number;
  written: number;
}

/** Counts what connections of members carry, below TLS: what was counted for nobody yet is told for whose it turns out to be. */
export class TrafficMeter {
  readonly #open = new Map<string, Metered>();
  #over: Metered[] = [];

  /** @param from address and port of the other end */
  accepted(socket: Socket, from: string): void {
    const metered = { socket, address: socket.remoteAddress ?? '', site: undefined, read: 0, written: 0 };
    this.#open.set(from, metered);
    socket.once('close', () => {
      if (this.#open.get(from) === metered) this.#open.delete(from);
      this.#over.push(metered);
    });
  }

  identified(from: string, site: SiteId): void {
    const metered = this.#open.get(from);
    if (metered !== undefined) metered.site = site;
  }

  /** Since the last time. */
  take(): readonly CarriedBytes[] {
    const all = [...this.#open.values(), ...this.#over];
    this.#over = [];
    return all.flatMap((metered) => {
      const { socket, site, address } = metered;
      if (site === undefined) return [];
      const { bytesRead, bytesWritten } = socket;
      const carried = { receivedBytes: bytesRead - metered.read, sentBytes: bytesWritten - metered.written };
      [metered.read, metered.written] = [bytesRead, bytesWritten];
      return carried.receivedBytes + carried.sentBytes > 0 ? [{ site, address, ...carried }] : [];
    });
  }
}
