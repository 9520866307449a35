import type { Clock } from '../../proto/contract/clock.js';
import { type DiskSight, judgeDiskSight } from '../domain/disk-sight.js';
import type { NodeEntry, NodeTable } from './node-table.js';

const LOOK_EVERY_MS = 10_000;
/** As nfsd_service_state says: active. */
const RUNS = 1;
const STALLED_MS = 30_000;

/** Who answered last at each address: the kernel of a fileserver forgets whoever does not answer, and its reads were its all the same. */
interface Peers {
  readonly toldAtMs: number;
  readonly macs: ReadonlyMap<string, string>;
}

interface Asked {
  readonly fileserver: NodeEntry;
  readonly askedAtMs: number;
}

/** Asks the fileservers about nodes that are silent. What they tell is found by the board's hardware address. */
export class DiskWitness {
  readonly #nodes: NodeTable;
  readonly #clock: Clock;
  readonly #onChanged: (entry: NodeEntry, sight: DiskSight | undefined) => void;
  readonly #peers = new Map<string, Peers>();
  #dueMs = Number.NEGATIVE_INFINITY;

  constructor(nodes: NodeTable, clock: Clock, onChanged: (entry: NodeEntry, sight: DiskSight | undefined) => void) {
    this.#nodes = nodes;
    this.#clock = clock;
    this.#onChanged = onChanged;
  }

  /** To be called often; looks every ten seconds. */
  sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + LOOK_EVERY_MS;
    let asked: ReadonlyMap<string, Asked> | undefined;
    for (const entry of this.#nodes.observers()) if (entry.node.kind === 'fileserver') this.#remember(entry);
    for (const entry of this.#nodes.all()) {
      if (entry.node.kind !== 'pi') continue;
      if (entry.liveness === 'unobserved') continue; // what an earlier process knew of it stands
      if (entry.liveness === 'silent') asked ??= this.#gather();
      const sight = entry.liveness === 'silent' && asked !== undefined ? sightOf(entry, asked) : undefined;
      if (sight?.kind !== entry.diskSight?.kind) this.#onChanged(entry, sight);
    }
  }

  #remember({ node, facts, lastSeenAtMonotonicMs: toldAtMs }: NodeEntry): void {
    const known = this.#peers.get(node.id);
    if (toldAtMs === undefined || known?.toldAtMs === toldAtMs) return;
    const macs = new Map(known?.macs);
    facts.visit((fact, instance, value) => {
      if (fact === 'vlan_peer_mac_text' && value !== '') macs.set(instance, String(value));
    });
    this.#peers.set(node.id, { toldAtMs, macs });
  }

  /** Who asked last, by site and hardware address. */
  #gather(): ReadonlyMap<string, Asked> {
    const asked = new Map<string, Asked>();
    for (const fileserver of this.#nodes.all()) {
      const { node, liveness, facts } = fileserver;
      if (node.kind !== 'fileserver' || liveness !== 'fresh') continue;
      const macs = this.#peers.get(node.id)?.macs;
      for (const { fact, instance, value } of facts.values()) {
        const mac = fact === 'nfs_client_asked_unix_s' ? macs?.get(instance) : undefined;
        if (mac === undefined) continue;
        const askedAtMs = Number(value) * 1_000;
        const key = keyOf(node.site, mac);
        if (askedAtMs > (asked.get(key)?.askedAtMs ?? 0)) asked.set(key, { fileserver, askedAtMs });
      }
    }
    return asked;
  }
}

function sightOf({ node, lastSeenAtMs }: NodeEntry, asked: ReadonlyMap<string, Asked>): DiskSight | undefined {
  const found = node.board.macAddresses
    .map((mac) => asked.get(keyOf(node.site, mac)))
    .find((each) => each !== undefined);
  // A controller that was started since cannot tell when the node was silent first.
  if (found === undefined || lastSeenAtMs === undefined) return undefined;
  const { node: server, facts, lastSeenAtMs: toldAtMs = 0 } = found.fileserver;
  const service = facts.number('nfsd_service_state', '') ?? RUNS;
  const stalledMs = facts.number('nfsd_stalled_ms', '') ?? 0;
  const isServing = service === RUNS && stalledMs < STALLED_MS;
  return judgeDiskSight({
    fileserver: server.name,
    askedAtMs: found.askedAtMs,
    toldAtMs,
    isServing,
    lastSeenMs: lastSeenAtMs,
  });
}

const keyOf = (site: string, mac: string): string => `${site} ${mac}`;
