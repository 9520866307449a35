import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeId, SiteId } from '../../../proto/contract/ids.js';
import type { FolderChange } from '../../../proto/contract/overlay/folder.js';
import { CLIENT_NAME_PREFIX, type OverlayClient } from '../../../proto/contract/overlay/network.js';
import { type Prefix6, renderPrefix6 } from '../../../proto/contract/overlay/prefix.js';
import type { Actor } from '../../domain/access/actor.js';
import {
  allot,
  clientOf,
  giveBack,
  type OverlayNode,
  type Places,
  placesOf,
  type TunnelRecord,
} from '../../domain/overlay/book.js';
import { TunnelWatch } from '../../domain/overlay/tunnel-watch.js';
import { type Allocation, QUARANTINE_MS } from '../../domain/topology/allocate.js';
import type { TunnelAnswer } from '../agent-messages.js';
import type { TunnelGate } from '../agent-sessions.js';
import type { Store, World } from '../ports.js';
import type { GatewayKeeper } from './gateway-keeper.js';
import type { LiveTunnel, OverlayAuthority, UplinkUsage } from './ports.js';
import { monthOf, OverlayTraffic } from './traffic.js';
import type { TunnelPeer, Tunnels, TunnelWish } from './tunnels.js';

/** How often the gateway is asked for its tunnels. */
const LOOK_EVERY_MS = 5_000;
/** A tunnel that should not be there, or a process that does not answer, is looked at again soon. */
const LOOK_AGAIN_MS = 1_000;
const FLUSH_EVERY_MS = 60_000;
/** A gateway that is started anew is back sooner. */
const TELL_AFTER_MS = 10_000;
/** What was seen longer ago tells nothing of now. */
const SIGHT_MAX_AGE_MS = 30_000;

export interface OverlayDeps {
  readonly store: Store;
  readonly world: World;
  readonly prefix: Prefix6;
  readonly authority: OverlayAuthority;
  readonly tunnels: Tunnels;
  readonly keeper: GatewayKeeper;
  /** Nodes that are in service. */
  readonly nodes: () => readonly OverlayNode[];
  /** Sends a profile to a node that is connected. */
  readonly send: (id: NodeId, answer: TunnelAnswer) => void;
}

/** What the gateway was seen to do, last. */
export interface GatewaySight {
  readonly atMs: number;
  readonly tunnels: readonly LiveTunnel[];
  /** Why it does not answer; `undefined` = it does. */
  readonly trouble: string | undefined;
}

/** The overlay: who has which prefix, whose tunnels are let in, and what goes over them. */
export class Overlay implements TunnelGate {
  readonly #deps: OverlayDeps;
  readonly #traffic: OverlayTraffic;
  #book: readonly Allocation[] = [];
  #places: Places = { sites: new Map(), nodes: new Map() };
  #sight: GatewaySight = { atMs: 0, tunnels: [], trouble: 'it was not asked yet' };
  /** By site that has a gateway of its own. */
  #gatewayTunnels: ReadonlyMap<string, 'up' | 'down'> = new Map();
  /** Monotonic. */
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  /** Of the profile that each node has said it has. */
  readonly #told = new Map<NodeId, string>();
  readonly #watch = new TunnelWatch();
  /** One thing after the other: files, list and process belong together. */
  #line: Promise<unknown> = Promise.resolve();
  #stopLooking: () => void = () => undefined;
  #isStopped = false;
  #flushedAtMs = 0;
  /** Of trouble that is known; it is told once it has lasted. */
  #troubleSinceMs: number | undefined;
  #hasTold = false;

  constructor(deps: OverlayDeps) {
    this.#deps = deps;
    this.#traffic = new OverlayTraffic(deps.world.clock);
  }

  get places(): Places {
    return this.#places;
  }

  get sight(): GatewaySight {
    return this.#sight;
  }

  /** Whether the gateway's process has a tunnel of the site's own gateway; `unobserved`: it has none, or nobody looked lately. */
  tunnelOf(site: string): 'up' | 'down' | 'unobserved' {
    const ageMs = this.#deps.world.clock.monotonicMs() - this.#lookedAtMs;
    if (this.#sight.trouble !== undefined || ageMs > SIGHT_MAX_AGE_MS) return 'unobserved';
    return this.#gatewayTunnels.get(site) ?? 'unobserved';
  }

  /** Reads what is kept, puts the gateway in order and begins to look at it. A gateway that fails is tried again. */
  async start(): Promise<void> {
    const { store, tunnels } = this.#deps;
    this.#book = await store.reader.overlay.allocations();
    await tunnels.load();
    await this.converge().catch((thrown: unknown) => {
      this.#deps.world.log.error({ err: thrown }, 'the overlay is not as it should be; it is tried again');
    });
    this.#look(0);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopLooking();
    await this.#line;
    await this.#flush();
  }

  /** Everything as it should be: prefixes for who is in service, files, process. Answers with what was changed on disk. */
  async converge(): Promise<readonly FolderChange[]> {
    return await this.#inLine(async () => {
      const { nodes, tunnels, keeper } = this.#deps;
      const inService = nodes();
      const ids = new Set(inService.map(({ id }) => id));
      for (const { nodeId } of tunnels.all()) if (!ids.has(nodeId)) await tunnels.revoke(nodeId);
      await this.#allot(inService);
      return await keeper.converge(this.#clients());
    });
  }

  /** What converge() would change. */
  async diff(): Promise<readonly FolderChange[]> {
    return await this.#inLine(() => this.#deps.keeper.diff(this.#clients()));
  }

  /** A node asks for a tunnel, or says what it has; `undefined` when it has everything. */
  async ask(peer: TunnelPeer, wish: TunnelWish): Promise<TunnelAnswer | undefined> {
    try {
      return await this.#grant(peer, wish);
    } catch (thrown) {
      const { code, message, hint } = BrambleError.from(thrown);
      this.#deps.world.log.warn({ err: thrown, nodeId: peer.nodeId }, 'a node gets no tunnel');
      const words = hint === undefined ? message : `${message}; ${hint}`;
      return { kind: 'refused', why: code === 'internal' ? 'the controller has trouble' : words };
    }
  }

  /** @throws BrambleError `failed-precondition`, `invalid-argument`, `resource-exhausted` (no prefix is left) */
  async #grant(peer: TunnelPeer, wish: TunnelWish): Promise<TunnelAnswer | undefined> {
    return await this.#inLine(async () => {
      const { tunnels, keeper } = this.#deps;
      this.#told.set(peer.nodeId, wish.haveDigest);
      const known = tunnels.of(peer.nodeId);
      const isSame = known?.mode === wish.mode && sameBytes(known.spkiDer, wish.spkiDer);
      if (isSame && wish.haveDigest !== '' && wish.haveDigest === tunnels.digest(known, this.#places)) return undefined;
      await this.#allot([{ id: peer.nodeId, site: peer.site }]);
      const { chainPem, ...record } = await tunnels.issue(peer, wish);
      const client = clientOf(record, this.#places);
      if (client !== undefined) await keeper.putClient(client);
      const profile = tunnels.profile(record, chainPem, this.#places);
      const digest = tunnels.digest(record, this.#places);
      if (profile === undefined || digest === undefined) {
        throw new BrambleError('internal', `node ${peer.nodeId} has no prefix after it was given one`);
      }
      return { kind: 'granted', profile, digest };
    });
  }

  /** Its tunnel is cut and never let in again. Retried until the gateway has done it. */
  nodeRevoked(id: NodeId): void {
    this.#inLine(async () => {
      const { tunnels, keeper } = this.#deps;
      this.#told.delete(id);
      await this.#giveBack(id);
      if (await tunnels.revoke(id)) await keeper.putOut(id);
    }).catch((thrown: unknown) => {
      this.#deps.world.log.error({ err: thrown, nodeId: id }, 'a revoked tunnel was not cut yet; it is tried again');
      this.#look(LOOK_AGAIN_MS);
    });
  }

  /** Clients learn a new wrapping key; the gateway keeps the old one until finishKeyChange(). */
  async beginKeyChange(actor: Actor): Promise<void> {
    await this.#deps.authority.beginKeyChange();
    await this.#tellKeyChange(actor, 'overlay.key-change.begin');
    await this.#sendProfiles();
  }

  /**
   * The gateway takes the new key and refuses the old one.
   * @throws BrambleError `failed-precondition` while a node has not learned it, unless that does not matter
   */
  async finishKeyChange(actor: Actor, despite: boolean): Promise<void> {
    const behind = this.behind();
    if (behind.length > 0 && !despite) {
      throw new BrambleError('failed-precondition', `${behind.length} nodes have not learned the new key yet`, {
        hint: 'wait until they were connected, or finish despite that: they come back over the public port',
      });
    }
    await this.#deps.authority.finishKeyChange();
    await this.#tellKeyChange(actor, 'overlay.key-change.finish');
    await this.converge();
    await this.#sendProfiles();
  }

  /** Nodes whose tunnel is not what it should be, as far as they have said. */
  behind(): readonly NodeId[] {
    const { tunnels } = this.#deps;
    const isBehind = (id: NodeId, digest: string | undefined): boolean => this.#told.get(id) !== digest;
    return tunnels
      .all()
      .flatMap((each) => (isBehind(each.nodeId, tunnels.digest(each, this.#places)) ? [each.nodeId] : []));
  }

  /** Bytes of this month, what is not written yet among it. */
  async usage(): Promise<ReadonlyMap<SiteId, UplinkUsage>> {
    const { store, world } = this.#deps;
    const month = monthOf(world.clock.nowMs());
    const sum = new Map<SiteId, UplinkUsage>();
    const all = [...(await store.reader.overlay.uplinkUsage(month)), ...this.#traffic.unwritten()];
    for (const { site, month: of, receivedBytes, sentBytes } of all) {
      if (of !== month) continue;
      const before = sum.get(site) ?? { site, month, receivedBytes: 0, sentBytes: 0 };
      const [received, sent] = [before.receivedBytes + receivedBytes, before.sentBytes + sentBytes];
      sum.set(site, { site, month, receivedBytes: received, sentBytes: sent });
    }
    return sum;
  }

  #clients(): readonly OverlayClient[] {
    return this.#deps.tunnels.all().flatMap((record) => clientOf(record, this.#places) ?? []);
  }

  async #allot(nodes: readonly OverlayNode[]): Promise<void> {
    if (nodes.length === 0 && this.#places.sites.size > 0) return;
    const { store, world, prefix } = this.#deps;
    const nowMs = world.clock.nowMs();
    const allotment = allot(prefix, this.#book, nodes, nowMs);
    if (allotment.kind === 'exhausted') {
      throw new BrambleError('resource-exhausted', `${allotment.pool} of ${renderPrefix6(prefix)} are all taken`, {
        hint: `there are ${allotment.usableCount}; what was given back rests for a day`,
      });
    }
    if (allotment.fresh.length > 0) {
      await store.transact(async ({ overlay }) => {
        await overlay.removeAllocations(nowMs - QUARANTINE_MS);
        for (const allocation of allotment.fresh) await overlay.putAllocation(allocation);
      });
      this.#book = [...this.#book, ...allotment.fresh];
    }
    this.#places = placesOf(prefix, this.#book);
  }

  async #giveBack(id: NodeId): Promise<void> {
    const { store, world, prefix } = this.#deps;
    const after = giveBack(this.#book, id, world.clock.nowMs());
    const freed = after.filter((allocation, n) => allocation !== this.#book[n]);
    if (freed.length === 0) return;
    await store.transact(async ({ overlay }) => {
      for (const allocation of freed) await overlay.putAllocation(allocation);
    });
    this.#book = after;
    this.#places = placesOf(prefix, after);
  }

  async #sendProfiles(): Promise<void> {
    const { tunnels, send } = this.#deps;
    for (const { nodeId, site, mode, spkiDer } of tunnels.all()) {
      const kind = mode === 'gateway' ? 'fileserver' : 'pi'; // whoever stands alone may be of any kind
      const answer = await this.ask({ nodeId, site, kind }, { mode, spkiDer, haveDigest: '' });
      if (answer?.kind === 'granted') send(nodeId, answer);
    }
  }

  async #tellKeyChange(actor: Actor, action: string): Promise<void> {
    const { store, world } = this.#deps;
    const atMs = world.clock.nowMs();
    const entry = { atMs, actor, action, target: 'overlay', site: undefined, outcome: 'done', details: {} } as const;
    await store.transact(async ({ audit }) => {
      await audit.add(entry);
    });
  }

  #look(afterMs: number): void {
    this.#stopLooking();
    if (this.#isStopped) return;
    this.#stopLooking = this.#deps.world.timers.after(afterMs, () => {
      void this.#inLine(() => this.#lookNow()).then((nextMs) => {
        this.#look(nextMs);
      });
    });
  }

  /** @returns when to look again */
  async #lookNow(): Promise<number> {
    const { keeper, tunnels, world } = this.#deps;
    const atMs = world.clock.nowMs();
    try {
      await this.#allot(this.#deps.nodes().filter(({ id }) => !this.#places.nodes.has(id)));
      await keeper.maintain();
      const live = await keeper.tunnels();
      const siteOf = ({ name }: LiveTunnel): SiteId | undefined => tunnels.of(nodeOfName(name))?.site;
      const strangers = live.filter((tunnel) => siteOf(tunnel) === undefined);
      this.#traffic.saw(live, siteOf);
      for (const { name } of strangers) await keeper.putOut(nodeOfName(name));
      const isClient = (name: string): boolean => tunnels.of(nodeOfName(name)) !== undefined;
      for (const { name, reason, message } of this.#watch.saw(live, await keeper.strays(), atMs, isClient)) {
        await this.#tell('warning', reason, message, nodeOfName(name));
      }
      this.#sight = { atMs, tunnels: live, trouble: undefined };
      this.#troubleSinceMs = undefined;
      if (this.#hasTold) await this.#tell('info', 'OverlayAnswers', 'The gateway of the overlay answers again');
      this.#hasTold = false;
      this.#gatewayTunnels = gatewayTunnels(tunnels.all(), live);
      this.#lookedAtMs = world.clock.monotonicMs();
      if (atMs - this.#flushedAtMs >= FLUSH_EVERY_MS) await this.#flush();
      return strangers.length > 0 ? LOOK_AGAIN_MS : LOOK_EVERY_MS;
    } catch (thrown) {
      const { message } = BrambleError.from(thrown);
      if (this.#sight.trouble === undefined) world.log.warn({ err: thrown }, 'the gateway of the overlay has trouble');
      this.#troubleSinceMs ??= atMs;
      this.#sight = { atMs, tunnels: [], trouble: message };
      if (!this.#hasTold && atMs - this.#troubleSinceMs >= TELL_AFTER_MS) {
        this.#hasTold = true;
        await this.#tell('error', 'OverlayTrouble', `No site is let into the overlay: ${message}`);
      }
      return LOOK_AGAIN_MS;
    }
  }

  /** Into the timeline, for whoever is woken by it. What cannot be written is in the log. */
  async #tell(severity: 'info' | 'warning' | 'error', reason: string, message: string, nodeId?: NodeId): Promise<void> {
    const { store, world } = this.#deps;
    const event = { atMs: world.clock.nowMs(), nodeId, severity, reason, message } as const;
    await store
      .transact(async (writer) => {
        await writer.addFleetEvent(event);
      })
      .catch((thrown: unknown) => {
        world.log.error({ err: thrown, reason }, message);
      });
  }

  async #flush(): Promise<void> {
    const { store, world } = this.#deps;
    this.#flushedAtMs = world.clock.nowMs();
    await this.#traffic.flush((charge) => store.transact((writer) => charge(writer.overlay)));
  }

  #inLine<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => undefined); // whoever asked hears of it
    return done;
  }
}

function gatewayTunnels(
  records: readonly TunnelRecord[],
  live: readonly LiveTunnel[],
): ReadonlyMap<string, 'up' | 'down'> {
  const there = new Set(live.map(({ name }) => nodeOfName(name)));
  const gateways = records.filter(({ mode }) => mode === 'gateway');
  return new Map(gateways.map(({ site, nodeId }) => [site, there.has(nodeId) ? 'up' : 'down']));
}

/** Only Bramble signs these names. */
export function nodeOfName(name: string): NodeId {
  return name.slice(CLIENT_NAME_PREFIX.length) as NodeId; // it is looked up, and what is not found is nobody's
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n]);
}
