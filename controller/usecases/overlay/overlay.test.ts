import { afterEach, expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { siteId } from '../../../proto/contract/ids.js';
import type { FolderChange } from '../../../proto/contract/overlay/folder.js';
import { clientName, parseOverlayPrefix } from '../../../proto/contract/overlay/network.js';
import { parsePrefix6, renderPrefix6 } from '../../../proto/contract/overlay/prefix.js';
import type { ShapedSite } from '../../../proto/contract/overlay/shaping.js';
import type { Node } from '../../domain/node.js';
import type { StrayPacket } from '../../domain/overlay/tunnel-watch.js';
import type { TunnelAnswer } from '../agent-messages.js';
import type { Store } from '../ports.js';
import { by } from '../testing/by.js';
import { FakeWorld } from '../testing/fake-world.js';
import { id, makeNode, makeStore } from '../testing/fleet.js';
import { testTrust } from '../testing/trust-bench.js';
import { GatewayKeeper } from './gateway-keeper.js';
import { Overlay } from './overlay.js';
import type { LiveTunnel, OverlayAuthority, OverlayFolder, OverlayProcess } from './ports.js';
import { Tunnels } from './tunnels.js';

const DAY_MS = 86_400_000;
const KEY = new Uint8Array([1, 2, 3]);
const CAM = siteId('cam');
const HOME = siteId('home');
const KIM = by('kim');
const wish = { mode: 'standalone', spkiDer: KEY, haveDigest: '' } as const;

/** Certificates that are numbers, and keys that are words. */
class PaperOverlayAuthority implements OverlayAuthority {
  readonly #world: FakeWorld;
  #issued = 0;
  #keys: readonly string[] = ['key-1'];
  readonly lists: string[][] = [];
  readonly trustPem = 'ROOT';

  constructor(world: FakeWorld) {
    this.#world = world;
  }

  get gatewayKeyPem(): string {
    return this.#keys[0] ?? '';
  }

  get gatewayFingerprint(): string {
    return this.gatewayKeyPem;
  }

  async issueClient() {
    const certificateSerial = `serial-${++this.#issued}`;
    const expiresAtMs = this.#world.clock.nowMs() + 30 * DAY_MS;
    return { chainPem: `CERT ${certificateSerial}`, certificateSerial, expiresAtMs };
  }

  clientKeys(): readonly string[] {
    return this.#keys;
  }

  async issueGateway() {
    const expiresAtMs = this.#world.clock.nowMs() + 90 * DAY_MS;
    return { certificatePem: 'GATEWAY', keyPem: 'GATEWAY KEY', authorityPem: 'AUTHORITY', expiresAtMs };
  }

  async revocationList(revoked: readonly { readonly serial: string }[]): Promise<string> {
    this.lists.push(revoked.map(({ serial }) => serial));
    return 'LIST';
  }

  async beginKeyChange(): Promise<void> {
    this.#keys = [...this.#keys, 'key-2'];
  }

  async finishKeyChange(): Promise<void> {
    this.#keys = this.#keys.slice(1);
  }
}

class MemoryFolder implements OverlayFolder {
  readonly files = new Map<string, string>();
  readonly secrets = new Map<string, string>();
  readonly writes: string[] = [];

  async read() {
    return new Map(this.files);
  }

  async apply(changes: readonly FolderChange[]): Promise<void> {
    for (const { path, content } of changes) {
      this.writes.push(path);
      if (content === undefined) this.files.delete(path);
      else this.files.set(path, content);
    }
  }

  async hasSecret(name: string): Promise<boolean> {
    return this.secrets.has(name);
  }

  async writeSecret(name: string, content: string): Promise<void> {
    this.secrets.set(name, content);
  }
}

class FakeGateway implements OverlayProcess {
  isUp = false;
  readonly live: LiveTunnel[] = [];
  readonly strayed: StrayPacket[] = [];
  starts = 0;
  reloads = 0;

  async tunnels(): Promise<readonly LiveTunnel[]> {
    if (!this.isUp) throw new BrambleError('unavailable', 'nobody there');
    return [...this.live];
  }

  async strays(): Promise<readonly StrayPacket[]> {
    return [...this.strayed];
  }

  async end(clientId: number): Promise<void> {
    const at = this.live.findIndex((tunnel) => tunnel.clientId === clientId);
    if (at >= 0) this.live.splice(at, 1);
  }

  async restart(): Promise<void> {
    this.starts++;
    this.isUp = true;
  }

  connect(node: Node, over: Partial<LiveTunnel> = {}): void {
    const counters = { receivedBytes: 1_000, sentBytes: 100, connectedAtMs: 1 };
    this.live.push({ clientId: this.live.length, name: clientName(node.id), remote: 'far:1', ...counters, ...over });
  }
}

const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

async function setUp(nodes: readonly Node[], given?: { readonly store: Store; readonly world: FakeWorld }) {
  const world = given?.world ?? new FakeWorld();
  const store = given?.store ?? (await makeStore(world));
  if (given === undefined) stores.push(store);
  await store.transact(async (writer) => {
    for (const node of nodes) await writer.putNode(node);
  });
  const authority = new PaperOverlayAuthority(world);
  const folder = new MemoryFolder();
  const gateway = new FakeGateway();
  const prefix = parseOverlayPrefix('fd42:b:1::/48');
  const remotes = [{ host: 'vpn.example', port: 1194, protocol: 'udp' } as const];
  const terms = { overlay: prefix, gateway: 0, remotes, nodePorts: [22] };
  const tunnels = new Tunnels({ store, world, authority, trust: testTrust, terms });
  const listen = { host: '::', port: 1194 };
  const shapes: ShapedSite[] = [];
  const keeper = new GatewayKeeper({
    ...{ store, clock: world.clock, log: world.log, authority, folder, process: gateway },
    services: { restartGateway: () => gateway.restart(), reloadPolicy: async () => void gateway.reloads++ },
    config: { overlay: prefix, gateway: 0, folder: '/f', socket: '/s', listen, device: 'bramble0' },
    shaped: () => shapes,
    policy: () => ({ ...terms, device: 'bramble0', controllerPorts: [7443], tcpFallback: undefined }),
  });
  const inService = new Map(nodes.map((node) => [node.id, node]));
  const sent: TunnelAnswer[] = [];
  const overlay = new Overlay({
    ...{ store, world, prefix, authority, tunnels, keeper },
    nodes: () => [...inService.values()],
    send: (_id, answer) => sent.push(answer),
  });
  await overlay.start();
  const peer = (node: Node) => ({ nodeId: node.id, site: node.site, kind: node.kind });
  return { world, store, authority, folder, gateway, overlay, tunnels, inService, sent, peer, shapes };
}

const fileserver = (number: number): Node => makeNode(number, { kind: 'fileserver', site: CAM, name: `fs-${number}` });
const granted = (answer: TunnelAnswer | undefined) => {
  if (answer?.kind !== 'granted') throw new Error(`not granted: ${JSON.stringify(answer)}`);
  return answer;
};

test('every node gets a prefix of its site’s, and keeps it over a restart', async () => {
  const nodes = [makeNode(1, { site: CAM }), makeNode(2, { site: HOME }), makeNode(3, { site: CAM })];
  const first = await setUp(nodes);
  const told = (overlay: Overlay) =>
    nodes.map(({ id: of }) => overlay.places.nodes.get(of)).map((p) => p && renderPrefix6(p));
  expect(told(first.overlay)).toEqual(['fd42:b:1:101::/64', 'fd42:b:1:201::/64', 'fd42:b:1:102::/64']);
  const second = await setUp(nodes.toReversed(), first);
  expect(told(second.overlay)).toEqual(told(first.overlay));
});

test('a node that asks is given a tunnel, and nothing more while it has what it should', async () => {
  const pi = makeNode(1, { site: HOME });
  const { overlay, folder, peer } = await setUp([pi]);
  const { profile, digest } = granted(await overlay.ask(peer(pi), wish));
  expect(profile).toMatchObject({
    mode: 'standalone',
    ownPrefix: 'fd42:b:1:101::/64',
    certificatePem: 'CERT serial-1',
  });
  expect(profile.opsPrefixes).toEqual(['fd42:b:1:ff::/64', 'fd42:b:1::/64']);
  expect(folder.files.get(`ccd/${clientName(pi.id)}`)).toContain('iroute-ipv6 fd42:b:1:101::/64');
  expect(await overlay.ask(peer(pi), { ...wish, haveDigest: digest })).toBeUndefined();
  expect(overlay.behind()).toEqual([]);
  // Due: the same key, another certificate.
  expect(granted(await overlay.ask(peer(pi), wish)).profile.certificatePem).toBe('CERT serial-2');
});

test('one client more touches its own file alone, and starts nothing anew', async () => {
  const nodes = [makeNode(1, { site: HOME }), makeNode(2, { site: HOME })];
  const { overlay, folder, gateway, peer } = await setUp(nodes);
  const [one, other] = nodes;
  if (one === undefined || other === undefined) throw new Error('two nodes are wanted');
  await overlay.ask(peer(one), wish);
  folder.writes.length = 0;
  await overlay.ask(peer(other), wish);
  expect([folder.writes, gateway.starts]).toEqual([[`ccd/${clientName(other.id)}`], 1]);
  expect(await overlay.diff()).toEqual([]);
});

test('a site has one gateway, and only a fileserver is one', async () => {
  const [first, second, pi] = [fileserver(1), fileserver(2), makeNode(3, { site: CAM })];
  const { overlay, peer } = await setUp([first, second, pi]);
  const asGateway = { ...wish, mode: 'gateway' } as const;
  expect(granted(await overlay.ask(peer(first), asGateway)).profile.ownPrefix).toBe('fd42:b:1:100::/56');
  expect(await overlay.ask(peer(second), asGateway)).toMatchObject({ kind: 'refused', why: /has a gateway already/ });
  expect(await overlay.ask(peer(pi), asGateway)).toMatchObject({ kind: 'refused', why: /pi cannot be the gateway/ });
});

test('the tunnel of a site’s gateway is up, or down, or nobody knows', async () => {
  const first = fileserver(1);
  const { overlay, gateway, peer, world } = await setUp([first, makeNode(2, { site: HOME })]);
  granted(await overlay.ask(peer(first), { ...wish, mode: 'gateway' }));
  const seen = async () => {
    await world.advance(5_000);
    return [overlay.tunnelOf('cam'), overlay.tunnelOf('home')];
  };
  expect(await seen()).toEqual(['down', 'unobserved']);
  gateway.connect(first);
  expect(await seen()).toEqual(['up', 'unobserved']);
  gateway.isUp = false;
  expect(await seen()).toEqual(['unobserved', 'unobserved']);
});

test('T-11 a revoked node has no file, is on the list with every certificate, and its tunnel is ended', async () => {
  const pi = makeNode(1, { site: HOME });
  const { overlay, folder, gateway, authority, peer, world, store } = await setUp([pi]);
  await overlay.ask(peer(pi), wish);
  await overlay.ask(peer(pi), wish);
  gateway.connect(pi);
  await store.transact((writer) => writer.putNode({ ...pi, lifecycle: 'revoked' }));
  overlay.nodeRevoked(pi.id);
  await overlay.diff(); // after it, in line
  expect(gateway.live).toEqual([]);
  expect([...folder.files.keys()].filter((path) => path.startsWith('ccd/'))).toEqual([]);
  expect(authority.lists.at(-1)).toEqual(['serial-1', 'serial-2']);
  expect(await overlay.ask(peer(pi), wish)).toMatchObject({ kind: 'refused', why: /not in service/ });
  await world.advance(1);
});

test('a gateway that does not answer when a node is revoked ends its tunnel when it does', async () => {
  const pi = makeNode(1, { site: HOME });
  const { overlay, gateway, peer, world, inService } = await setUp([pi]);
  await overlay.ask(peer(pi), wish);
  gateway.connect(pi);
  gateway.isUp = false;
  inService.clear();
  overlay.nodeRevoked(pi.id);
  await world.advance(3_000);
  expect(gateway.live).toHaveLength(1);
  expect(overlay.sight.trouble).toBe('nobody there');
  gateway.isUp = true;
  await world.advance(2_000);
  await world.advance(2_000);
  expect(gateway.live).toEqual([]);
});

test('what a revocation left undone, a restart does', async () => {
  const pi = makeNode(1, { site: HOME });
  const first = await setUp([pi]);
  await first.overlay.ask(first.peer(pi), wish);
  await first.store.transact((writer) => writer.putNode({ ...pi, lifecycle: 'revoked' }));
  const second = await setUp([], first);
  expect(second.tunnels.of(id(1))).toBeUndefined();
  expect(second.authority.lists.at(-1)).toEqual(['serial-1']);
});

test('T-17 the list is made anew every day', async () => {
  const { world, authority, overlay } = await setUp([]);
  const before = authority.lists.length;
  world.stepWallClock(DAY_MS);
  await world.advance(10_000);
  expect(authority.lists.length).toBeGreaterThan(before);
  await overlay.stop();
});

test('bytes are charged to the site, over reconnections and restarts of the controller', async () => {
  const pi = makeNode(1, { site: HOME });
  const { overlay, gateway, peer, world } = await setUp([pi]);
  await overlay.ask(peer(pi), wish);
  gateway.connect(pi, { receivedBytes: 1_000, sentBytes: 100 });
  await world.advance(10_000);
  gateway.live.length = 0;
  gateway.connect(pi, { receivedBytes: 50, sentBytes: 5, connectedAtMs: 2 });
  await world.advance(10_000);
  await overlay.stop();
  expect((await overlay.usage()).get(HOME)).toMatchObject({ receivedBytes: 1_050, sentBytes: 105 });
});

test('T-68 a wrapping key is exchanged in two steps: nodes first, then the gateway', async () => {
  const pi = makeNode(1, { site: HOME });
  const { overlay, peer, sent, folder } = await setUp([pi]);
  const { digest } = granted(await overlay.ask(peer(pi), wish));
  await overlay.ask(peer(pi), { ...wish, haveDigest: digest });
  await overlay.beginKeyChange(KIM);
  expect(granted(sent.at(-1)).profile.tlsCryptKeysPem).toEqual(['key-1', 'key-2']);
  await expect(overlay.finishKeyChange(KIM, false)).rejects.toMatchObject({ code: 'failed-precondition' });
  await overlay.ask(peer(pi), { ...wish, haveDigest: granted(sent.at(-1)).digest });
  await overlay.finishKeyChange(KIM, false);
  expect(folder.secrets.get('tls-crypt-v2.key')).toBe('key-2');
  expect(granted(sent.at(-1)).profile.tlsCryptKeysPem).toEqual(['key-2']);
});

test('a site that is full says so, and takes nothing', async () => {
  const nodes = Array.from({ length: 255 }, (_, n) => makeNode(n + 1, { site: HOME }));
  const { overlay, peer, store } = await setUp(nodes);
  const late = makeNode(999, { site: HOME });
  await store.transact((writer) => writer.putNode(late));
  expect(await overlay.ask(peer(late), wish)).toMatchObject({ kind: 'refused', why: /are all taken/ });
});

test('what an uplink bears is known to the queues of the gateway soon after somebody has said it, and told once', async () => {
  const { folder, gateway, shapes, world } = await setUp([fileserver(1)]);
  const { reloads } = gateway;
  shapes.push({ prefix: parsePrefix6('fd42:b:1:100::/56'), downBitsPerS: 256_000 });
  await world.advance(12_000);
  expect(folder.files.get('shaping.tc')).toContain('rate 243200bit');
  expect([gateway.reloads - reloads, gateway.starts]).toEqual([1, 1]);
});

test('T-17 a gateway that does not answer is told to people once it has lasted, and so is its return', async () => {
  const { store, gateway, world } = await setUp([fileserver(1)]);
  const told = async () => (await store.reader.eventsAfter(0, { limit: 100 })).map(({ reason }) => reason);
  await world.advance(6_000);
  gateway.isUp = false;
  await world.advance(10_000);
  expect(await told()).not.toContain('OverlayTrouble');
  await world.advance(30_000);
  gateway.isUp = true;
  await world.advance(10_000);
  const reasons = (await told()).filter((reason) => reason.startsWith('Overlay'));
  expect(reasons).toEqual(['OverlayTrouble', 'OverlayAnswers']);
});

test('T-20 two machines with the key of one node push each other out, and the node’s timeline says so', async () => {
  const node = makeNode(1, { kind: 'pi', site: HOME });
  const { overlay, store, gateway, world, peer } = await setUp([node]);
  await overlay.ask(peer(node), wish);
  for (let n = 0; n < 10; n += 1) {
    gateway.live.length = 0;
    gateway.connect(node, { remote: `192.0.2.${1 + (n % 2)}:${40_000 + n}`, connectedAtMs: world.clock.nowMs() });
    await world.advance(6_000);
  }
  const events = (await store.reader.eventsAfter(0, { limit: 100 })).filter(
    ({ reason }) => reason === 'TunnelRestless',
  );
  expect(events).toMatchObject([{ nodeId: node.id, message: expect.stringContaining('192.0.2.1 and 192.0.2.2') }]);
});

test('T-19 a node that speaks with somebody else’s address is told of once in an hour', async () => {
  const node = makeNode(1, { kind: 'pi', site: HOME });
  const { overlay, store, gateway, world, peer } = await setUp([node]);
  await overlay.ask(peer(node), wish);
  for (let n = 0; n < 70; n += 1) {
    gateway.strayed.splice(0, 1, { name: clientName(node.id), address: 'fd42:b:1:105::2', atMs: world.clock.nowMs() });
    await world.advance(60_000);
  }
  const told = (await store.reader.eventsAfter(0, { limit: 500 })).filter(
    ({ reason }) => reason === 'TunnelForeignSource',
  );
  expect(told).toHaveLength(2);
  expect(told[0]).toMatchObject({ nodeId: node.id, message: expect.stringContaining('fd42:b:1:105::2') });
});
