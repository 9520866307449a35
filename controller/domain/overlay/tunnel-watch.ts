import { followTunnel, type TunnelTrail } from './restless.js';

/** A client that keeps on is told again so often. */
const AGAIN_MS = 3_600_000;

/** A packet that came out of a tunnel with a source address that is not the client's; the gateway drops it. */
export interface StrayPacket {
  /** Common name of the client's certificate. */
  readonly name: string;
  readonly address: string;
  readonly atMs: number;
}

/** Something about one client that people should hear of. */
export interface TunnelSign {
  readonly name: string;
  readonly reason: 'TunnelRestless' | 'TunnelForeignSource';
  readonly message: string;
}

/** What clients of a gateway do that no honest one does for long. */
export class TunnelWatch {
  #trails: ReadonlyMap<string, TunnelTrail> = new Map();
  #toldMs: ReadonlyMap<string, number> = new Map();

  /** @param isClient whether a name is still anybody's: what was remembered of others is forgotten */
  saw(
    live: readonly { readonly name: string; readonly remote: string; readonly connectedAtMs: number }[],
    strays: readonly StrayPacket[],
    nowMs: number,
    isClient: (name: string) => boolean,
  ): readonly TunnelSign[] {
    const mine = <Value>(all: ReadonlyMap<string, Value>) => new Map([...all].filter(([name]) => isClient(name)));
    const [trails, toldMs] = [mine(this.#trails), mine(this.#toldMs)];
    const signs: TunnelSign[] = [];
    for (const tunnel of live) {
      // A trail outlives a tunnel that is away for a moment: that is what it is about.
      const { trail, restless } = followTunnel(trails.get(tunnel.name), tunnel, nowMs);
      trails.set(tunnel.name, trail);
      if (restless !== undefined) signs.push(restlessSign(tunnel.name, restless));
    }
    for (const { name, address } of strays) {
      const lastMs = toldMs.get(name);
      if (!isClient(name) || (lastMs !== undefined && nowMs - lastMs < AGAIN_MS)) continue;
      toldMs.set(name, nowMs);
      signs.push(strayOf(name, address));
    }
    this.#trails = trails;
    this.#toldMs = toldMs;
    return signs;
  }
}

function restlessSign(name: string, hosts: readonly string[]): TunnelSign {
  const from = hosts.join(' and ');
  const message = `Its tunnel begins anew again and again, from ${from}: the path is bad, or two machines have its key`;
  return { name, reason: 'TunnelRestless', message };
}

function strayOf(name: string, address: string): TunnelSign {
  const message = `It spoke with an address that is not its own, ${address}: the gateway drops that`;
  return { name, reason: 'TunnelForeignSource', message };
}
