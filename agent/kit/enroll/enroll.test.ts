import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../../proto/contract/errors.js';
import type { EnrollmentProof } from '../../../proto/gen/bramble/agent/v1/enrollment.js';
import { collectedLog } from '../testing/collected-log.js';
import { SIM_WALL_CLOCK_MS } from '../testing/sim-clock.js';
import { SIM_ENDPOINT, SIM_NODE_ID, SIM_PIN, SIM_TOKEN, SimController } from '../testing/sim-controller.js';
import { makeSimHost, type SimHost } from '../testing/sim-host.js';
import { SimNetwork } from '../testing/sim-net.js';
import { SimWorld } from '../testing/sim-world.js';
import { type EnrollOptions, enroll } from './enroll.js';
import type { Identity } from './identity.js';
import { parseIdentity, renderIdentity } from './identity-file.js';
import { IdentityStore } from './identity-store.js';
import { tokenKeyId } from './join.js';
import { renew } from './renew.js';

const FLOOR_MS = SIM_WALL_CLOCK_MS - 1_000;

function setUp(wallClockMs = SIM_WALL_CLOCK_MS) {
  const world = new SimWorld(1);
  const network = new SimNetwork(world);
  const controller = new SimController(world);
  network.listen(SIM_ENDPOINT, controller);
  const host = makeSimHost(world, 'pi', { network, clock: { wallClockMs } });
  const log = collectedLog();
  return { world, controller, host, log, ...partsOf(host, log) };
}

function partsOf(host: SimHost, log: EnrollOptions['log']) {
  const store = new IdentityStore({ files: host.files, keys: host.keys, stateDir: '/state' });
  const options: EnrollOptions = {
    host,
    store,
    join: { controller: SIM_ENDPOINT, pin: SIM_PIN, token: SIM_TOKEN },
    node: { kind: 1, board: { model: 'Pi', serial: '1', macAddresses: [] }, hostname: 'pi', agentVersion: '1.0.0' },
    clockFloorMs: FLOOR_MS,
    log,
  };
  return { store, options };
}

const never = new AbortController().signal;

function proofOf(controller: SimController): EnrollmentProof {
  const step = controller.enrolledWith?.step;
  if (step?.$case !== 'proof') throw new Error('no proof was sent');
  return step.value;
}

test('the proof is signed with the key of the node over nonce, key and token', async () => {
  const { world, controller, host, options } = setUp();
  await world.settle(enroll(options, never));
  const { spkiDer, nonce, signature, token } = proofOf(controller);
  expect(token).toBe(SIM_TOKEN);
  const signed = Buffer.concat([
    Buffer.from('bramble-enroll-v1\0'),
    nonce,
    host.keys.sha256(spkiDer),
    Buffer.from('abcdefgh'),
  ]);
  expect(host.keys.verifyEd25519(spkiDer, signed, signature)).toBe(true);
});

test('the key is on storage before the controller sees it, and the identity survives a power cut right after', async () => {
  const { world, controller, host, options } = setUp();
  const honest = controller.enroll.bind(controller);
  const storedWhenAsked: boolean[] = [];
  controller.enroll = (request) => {
    const key = request.step?.$case === 'challenge' ? request.step.value.spkiDer : undefined;
    const stored = Buffer.from(host.board.disk.read('/state/next-key.json') ?? []).toString();
    if (key !== undefined) storedWhenAsked.push(stored.includes(key.toString('base64')));
    return honest(request);
  };
  const identity = await world.settle(enroll(options, never));
  expect(storedWhenAsked).toEqual([true]);
  expect(identity).toMatchObject({ nodeId: SIM_NODE_ID, endpoints: [SIM_ENDPOINT], renewalCounter: 1 });
  expect(host.board.disk.paths).not.toContain('/state/next-key.json');
  host.crash('power');
  const next = partsOf(host.restart(), collectedLog());
  expect(await world.settle(next.store.load())).toEqual(identity);
});

test('killed before the answer came, it asks again with the same key', async () => {
  const { world, controller, host, options } = setUp();
  controller.pendings = 100;
  void enroll(options, never);
  await world.runFor(12_000);
  const first = proofOf(controller).spkiDer;
  host.crash();
  controller.pendings = 0;
  const next = partsOf(host.restart(), collectedLog());
  await world.settle(enroll(next.options, never));
  expect(proofOf(controller).spkiDer).toEqual(first);
});

test('after a refusal, an empty answer and an incomplete credential it tries again', async () => {
  const { world, controller, log, options } = setUp();
  const honest = controller.enroll.bind(controller);
  let asked = 0;
  controller.enroll = async (request) => {
    asked += 1;
    if (asked === 1) throw new BrambleError('permission-denied', 'no');
    if (asked === 2) return { outcome: undefined };
    const answer = await honest(request);
    if (asked < 6 && answer.outcome?.$case === 'credential') answer.outcome.value.endpoints = [];
    return answer;
  };
  await world.settle(enroll(options, never));
  expect(log.lines.filter((line) => line.includes('enrolment failed'))).toHaveLength(3);
});

test('an impostor that the pin does not name gets neither token nor identity', async () => {
  const { world, controller, options } = setUp();
  const stop = new AbortController();
  const asked = enroll({ ...options, join: { ...options.join, pin: 'cd'.repeat(32) } }, stop.signal);
  await world.runFor(60_000);
  stop.abort();
  await expect(world.settle(asked)).rejects.toMatchObject({ code: 'cancelled' });
  expect(controller.enrolledWith).toBeUndefined();
});

test.for(['', 'bt1_', 'bt2_abc_def_ghi', 'bt1_abc_def', 'bt1_a b_def_ghi'])(
  'the token %j is refused before anybody is asked',
  async (token) => {
    const { world, options } = setUp();
    const asked = world.settle(enroll({ ...options, join: { ...options.join, token } }, never));
    await expect(asked).rejects.toMatchObject({ code: 'invalid-argument' });
  },
);

test('a token never shows in the error that refuses it', () => {
  expect(() => tokenKeyId('bt1_kid_verysecret')).toThrow(expect.not.objectContaining({ message: /verysecret/ }));
});

test('a disk that takes no key ends the enrolment with its reason', async () => {
  const { world, host, options } = setUp();
  host.board.disk.readOnly = true;
  await expect(world.settle(enroll(options, never))).rejects.toMatchObject({ code: 'failed-precondition' });
});

test('with a clock from 1970 the renewal time counts from the floor, and a Welcome can only bring it forward', async () => {
  const { world, controller, options } = setUp(0);
  controller.renewAfterMs = 10_000;
  const identity = await world.settle(enroll(options, never));
  expect(identity.renewAtMs).toBe(FLOOR_MS + 10_000);
});

async function enrolled() {
  const scene = setUp();
  const identity = await scene.world.settle(enroll(scene.options, never));
  const renewal = {
    host: scene.host,
    store: scene.store,
    endpoint: SIM_ENDPOINT,
    clockFloorMs: FLOOR_MS,
    controllerNowMs: () => scene.controller.nowMs,
  };
  return { ...scene, identity, renewal };
}

test('a renewal proves the new key over node and counter, and replaces the identity', async () => {
  const { world, controller, host, store, identity, renewal } = await enrolled();
  const renewed = await world.settle(renew(identity, renewal, never));
  const [request] = controller.renewals;
  const signed = Buffer.from(`bramble-renew-v1\0${SIM_NODE_ID}\0${1}`);
  expect(
    host.keys.verifyEd25519(request?.spkiDer ?? Buffer.alloc(0), signed, request?.signature ?? Buffer.alloc(0)),
  ).toBe(true);
  expect(renewed).toMatchObject({ certificateChainPem: 'certificate 2', renewalCounter: 2 });
  expect(renewed.privateKeyPem).not.toBe(identity.privateKeyPem);
  expect(await world.settle(store.load())).toEqual(renewed);
});

test('killed at any write of a renewal, the node has one whole identity, and a retry uses the same key', async () => {
  for (let failAt = 0; failAt < 12; failAt++) {
    const { world, controller, host, identity, renewal } = await enrolled();
    const { disk } = host.board;
    const firstIndex = disk.operations;
    disk.fault = ({ index }) => {
      if (index === firstIndex + failAt) host.crash('power');
      return undefined;
    };
    void renew(identity, renewal, never);
    await world.runFor(10_000);
    disk.fault = () => undefined;
    const { store } = partsOf(host.restart(), collectedLog());
    const kept = await world.settle(store.load());
    expect(kept === undefined ? 'none' : kept.certificateChainPem).toMatch(/^certificate [12]$/);
    if (kept?.renewalCounter !== 1) continue;
    const pair = await world.settle(store.nextKey(kept));
    const asked = controller.renewals.at(-1)?.spkiDer.toString('hex');
    if (asked !== undefined) expect(Buffer.from(pair.spkiDer).toString('hex')).toBe(asked);
  }
});

test('the credential of another node is not taken', async () => {
  const { world, controller, store, identity, renewal } = await enrolled();
  const honest = controller.renew.bind(controller);
  controller.renew = async (peer, request) => {
    const { credential } = await honest(peer, request);
    return { credential: { ...credential, nodeId: 'n-0000000000002' } };
  };
  await expect(world.settle(renew(identity, renewal, never))).rejects.toMatchObject({ code: 'data-loss' });
  expect(await world.settle(store.load())).toEqual(identity);
});

const IDENTITY: Identity = {
  nodeId: SIM_NODE_ID,
  privateKeyPem: 'key',
  certificateChainPem: 'chain',
  trustRootsPem: 'roots',
  commandKeys: [{ keyId: 'k', spkiDer: Buffer.of(1, 2, 3) }],
  endpoints: ['[::1]:7443', 'b:1'],
  renewalCounter: 3,
  renewAfterMs: 1_000,
  renewAtMs: 1_780_000_000_000,
};

test('an identity reads as it was written', () => {
  expect(parseIdentity(renderIdentity(IDENTITY))).toEqual(IDENTITY);
});

test('every prefix of an identity and every change of it is read whole or refused', () => {
  const text = renderIdentity(IDENTITY);
  for (let end = 0; end < text.length - 2; end++) {
    expect(() => parseIdentity(text.slice(0, end))).toThrow(expect.objectContaining({ code: 'data-loss' }));
  }
  const fields = JSON.parse(text) as Record<string, unknown>;
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(fields)), fc.jsonValue(), (name, value) => {
      try {
        parseIdentity(JSON.stringify({ ...fields, [name]: value }));
      } catch (error) {
        expect(error).toMatchObject({ code: 'data-loss' });
      }
    }),
  );
});
