import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import { UploadHeader } from '../../../proto/gen/bramble/agent/v1/bulk.js';
import { RenewRequest } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import type { AgentFrame, ControllerFrame } from '../../../proto/gen/bramble/agent/v1/link.js';
import type { LinkStream, Net, TlsIdentity } from '../host/ports.js';
import { makeSimHost, type SimHost } from './sim-host.js';
import { SimNetwork, type SimPeer, type SimServer, type SimServerStream } from './sim-net.js';
import { SimWorld } from './sim-world.js';

const ENDPOINT = 'controller:7443';
const IDENTITY: TlsIdentity = { certificateChainPem: 'CHAIN', privateKeyPem: '', trustRootsPem: '', clockFloorMs: 0 };
const never = (): AbortSignal => new AbortController().signal;

const probe = (nonce: string): ControllerFrame => ({ frame: { $case: 'probe', value: { nonce } } });
const reply = (nonce: string): AgentFrame => ({
  frame: { $case: 'probeReply', value: { nonce, bootId: '', processNonce: '' } },
});

/** A controller that notes what comes, and whose streams the test holds in its hand. */
class FakeController implements SimServer {
  readonly streams: SimServerStream[] = [];
  readonly peers: SimPeer[] = [];
  readonly heard: string[] = [];
  readonly ends: (string | undefined)[] = [];
  readonly spkiPin = 'ab';

  openLink(peer: SimPeer, stream: SimServerStream): void {
    this.peers.push(peer);
    this.streams.push(stream);
    stream.onFrame(({ frame }) => void this.heard.push(frame?.$case === 'probeReply' ? frame.value.nonce : 'other'));
    stream.onEnd((error) => void this.ends.push(error?.code));
  }

  async enroll(): Promise<never> {
    throw new BrambleError('permission-denied', 'no', { hint: 'ask again' });
  }

  async renew(): Promise<never> {
    throw new TypeError('a bug');
  }

  async upload(_peer: SimPeer, _header: unknown, content: Uint8Array): Promise<{ storedBytes: number }> {
    return { storedBytes: content.length };
  }
}

interface Rig {
  readonly world: SimWorld;
  readonly network: SimNetwork;
  readonly controller: FakeController;
  readonly host: SimHost;
}

function makeRig(seed = 1): Rig {
  const world = new SimWorld(seed);
  const network = new SimNetwork(world);
  const controller = new FakeController();
  network.listen(ENDPOINT, controller);
  return { world, network, controller, host: makeSimHost(world, 'a', { network }) };
}

function open({ world, host }: Rig, signal: AbortSignal = never()): Promise<LinkStream> {
  return world.settle(host.net.openLink(ENDPOINT, IDENTITY, signal));
}

/** Reads to the end in the background: nonces of probes, then how it ended. */
function listen(stream: LinkStream): string[] {
  const heard: string[] = [];
  const read = async (): Promise<void> => {
    for await (const { frame } of stream.frames) heard.push(frame?.$case === 'probe' ? frame.value.nonce : 'other');
    heard.push('END');
  };
  void read().catch((error: unknown) => void heard.push(BrambleError.from(error).code));
  return heard;
}

test('frames arrive in order both ways, later than they were sent, with the name of the peer', async () => {
  const rig = makeRig();
  const stream = await open(rig);
  const heard = listen(stream);
  for (let i = 0; i < 20; i++) {
    stream.send(reply(`${i}`));
    rig.controller.streams[0]?.send(probe(`${i}`));
  }
  expect([rig.controller.heard, heard]).toEqual([[], []]);
  await rig.world.runFor(1000);
  const expected = Array.from({ length: 20 }, (_, i) => `${i}`);
  expect([rig.controller.heard, heard]).toEqual([expected, expected]);
  expect(rig.controller.peers).toEqual([{ certificateChainPem: 'CHAIN', from: 'a' }]);
});

test('an end by the agent ends both sides cleanly, after what was sent before it', async () => {
  const rig = makeRig();
  const stream = await open(rig);
  const heard = listen(stream);
  stream.send(reply('last'));
  stream.end();
  await rig.world.runFor(1000);
  expect(rig.controller.heard).toEqual(['last']);
  expect(rig.controller.ends).toEqual([undefined]);
  expect(heard).toEqual(['END']);
});

test('an end by the controller is clean, a destroy is its error; both come after what was sent', async () => {
  const rig = makeRig();
  const [ended, destroyed] = [listen(await open(rig)), listen(await open(rig))];
  rig.controller.streams[0]?.send(probe('1'));
  rig.controller.streams[0]?.end();
  rig.controller.streams[1]?.send(probe('2'));
  rig.controller.streams[1]?.destroy(new BrambleError('unauthenticated', 'revoked'));
  await rig.world.runFor(1000);
  expect([ended, destroyed]).toEqual([
    ['1', 'END'],
    ['2', 'unauthenticated'],
  ]);
  expect(rig.controller.ends).toEqual([undefined, 'unauthenticated']);
});

test('an aborted signal cancels the stream on both sides', async () => {
  const rig = makeRig();
  const stop = new AbortController();
  const stream = await open(rig, stop.signal);
  const heard = listen(stream);
  stop.abort();
  await rig.world.runFor(1000);
  expect(heard).toEqual(['cancelled']);
  expect(rig.controller.ends).toEqual(['cancelled']);
  expect(stream.send(reply('x'))).toBe(false);
});

test('a reader that stops reading cancels the stream', async () => {
  const rig = makeRig();
  const stream = await open(rig);
  rig.controller.streams[0]?.send(probe('1'));
  const readOne = async (): Promise<void> => {
    for await (const _ of stream.frames) break;
  };
  await rig.world.settle(readOne());
  await rig.world.runFor(1000);
  expect(rig.controller.ends).toEqual(['cancelled']);
});

test('a cut is silence for both; what was held back arrives when it heals', async () => {
  const rig = makeRig();
  const stream = await open(rig);
  const heard = listen(stream);
  const path = rig.network.path('a');
  path.cut();
  stream.send(reply('held'));
  rig.controller.streams[0]?.send(probe('held'));
  await rig.world.runFor(600_000);
  expect([rig.controller.heard, heard, rig.controller.ends]).toEqual([[], [], []]);
  path.heal();
  await rig.world.runFor(1000);
  expect([rig.controller.heard, heard]).toEqual([['held'], ['held']]);
});

test('a one-way cut lets the other way through', async () => {
  const rig = makeRig();
  const stream = await open(rig);
  const heard = listen(stream);
  rig.network.path('a').cut('to-controller');
  stream.send(reply('lost in silence'));
  rig.controller.streams[0]?.send(probe('heard'));
  await rig.world.runFor(1000);
  expect([rig.controller.heard, heard]).toEqual([[], ['heard']]);
});

test('a cut that outlasts TCP, like a reset, ends the stream on both sides', async () => {
  for (const harm of ['cut', 'reset'] as const) {
    const rig = makeRig();
    const heard = listen(await open(rig));
    rig.network.path('a')[harm]();
    await rig.world.runFor(harm === 'cut' ? 3_600_000 : 1);
    expect(heard).toEqual(['unavailable']);
    expect(rig.controller.ends).toEqual(['unavailable']);
  }
});

test('a sender into a cut is asked to pause, and loses nothing', async () => {
  const rig = makeRig();
  const stream = await open(rig);
  rig.network.path('a').cut();
  const answers = Array.from({ length: 100 }, (_, i) => stream.send(reply(`${i}`)));
  expect([answers[0], answers.at(-1)]).toEqual([true, false]);
  await rig.world.runFor(1000);
  rig.network.path('a').heal();
  await rig.world.runFor(10_000);
  expect(rig.controller.heard).toHaveLength(100);
});

test('nobody listens, nothing answers, the caller gives up: three different errors', async () => {
  const rig = makeRig();
  const dial = (endpoint: string, signal: AbortSignal): Promise<LinkStream> =>
    rig.world.settle(rig.host.net.openLink(endpoint, IDENTITY, signal));
  await expect(dial('elsewhere:1', never())).rejects.toThrow('refused');
  rig.network.path('a').cut();
  const before = rig.world.nowMs;
  await expect(dial(ENDPOINT, never())).rejects.toThrow('no answer');
  expect(rig.world.nowMs - before).toBe(60_000);
  const stop = new AbortController();
  rig.world.after(10, () => {
    stop.abort();
  });
  await expect(dial(ENDPOINT, stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
});

test('a killed agent is noticed at once, one without power not at all', async () => {
  for (const how of ['kill', 'power'] as const) {
    const rig = makeRig();
    await open(rig);
    rig.host.crash(how);
    await rig.world.runFor(60_000);
    expect(rig.controller.ends).toEqual(how === 'kill' ? ['unavailable'] : []);
  }
});

test('calls carry code, message and hint; a bug of the controller ends the run', async () => {
  const rig = makeRig();
  const net: Net = rig.host.net;
  const enrolling = rig.world.settle(net.enroll(ENDPOINT, 'ab', { step: undefined }, never()));
  await expect(enrolling).rejects.toMatchObject({ code: 'permission-denied', message: 'no', hint: 'ask again' });
  const pinned = rig.world.settle(net.enroll(ENDPOINT, 'cd', { step: undefined }, never()));
  await expect(pinned).rejects.toMatchObject({ code: 'unauthenticated' });
  const content = (async function* () {
    yield new Uint8Array(3);
    yield new Uint8Array(4);
  })();
  const header = UploadHeader.create({ name: 'x', sizeBytes: 7 });
  expect(await rig.world.settle(net.upload(ENDPOINT, IDENTITY, header, content, never()))).toEqual({ storedBytes: 7 });
  const request = RenewRequest.create({ renewalCounter: 1 });
  await expect(rig.world.settle(net.renew(ENDPOINT, IDENTITY, request, never()))).rejects.toThrow('a bug');
});

test('ten agents in one world: two runs of one seed leave the same trace', async () => {
  const play = async (seed: number): Promise<string> => {
    const { world, network, controller } = makeRig(seed);
    for (let i = 0; i < 10; i++) {
      const { net, clock, random } = makeSimHost(world, `pi-${i}`, { network });
      const talk = async (): Promise<void> => {
        const stream = await net.openLink(ENDPOINT, IDENTITY, never());
        listen(stream);
        for (let turn = 0; turn < 20; turn++) {
          stream.send(reply(`${i} ${turn}`));
          await clock.sleep(random.unit() * 1000, never());
        }
      };
      world.after(0, talk);
    }
    world.after(5_000, () => {
      network.path('pi-3').cut();
    });
    await world.runFor(60_000);
    expect(controller.heard.length).toBeGreaterThan(150);
    return world.traceHash;
  };
  expect(await play(5)).toBe(await play(5));
  expect(await play(5)).not.toBe(await play(6));
});
