import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { connect as tlsConnect } from 'node:tls';
import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeGrpcNet } from '../../agent/kit/host/node/net.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { BulkService } from '../../proto/gen/bramble/agent/v1/bulk.js';
import { EnrollmentService, EnrollRequest } from '../../proto/gen/bramble/agent/v1/enrollment.js';
import { AgentFrame, LinkService } from '../../proto/gen/bramble/agent/v1/link.js';
import { CHANNEL_OPTIONS, MESSAGE_BYTES_MAX } from '../../proto/wire/channel.js';
import { BrambleChannelCredentials, type ClientTrust } from '../../proto/wire/credentials.js';
import { BrambleServerCredentials } from '../../proto/wire/server-credentials.js';
import { LAB, type TestNode, TrustRig } from './trust-rig.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let rig: TrustRig;
const clients: Client[] = [];
beforeAll(async () => {
  rig = await TrustRig.start({ limits: { helloWithinMs: 300, asksBurst: 10_000 } });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await rig.stop();
});

const METHODS: readonly string[] = [
  LinkService.connect.path,
  EnrollmentService.enroll.path,
  EnrollmentService.renew.path,
  BulkService.upload.path,
];
const HEALTH = ['/grpc.health.v1.Health/Check', '/grpc.health.v1.Health/Watch'];
const REFLECTION = ['/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'];

type Bytes = Uint8Array<ArrayBufferLike>;
const asIs = (bytes: Bytes): Buffer => Buffer.from(bytes);

function rawClient(endpoint: string, trust: ClientTrust, options: Record<string, number> = {}): Client {
  const channel = BrambleChannelCredentials.create({ trust, nowMs: () => Date.now() });
  const client = new Client(endpoint, channel, { ...CHANNEL_OPTIONS, 'grpc.max_send_message_length': -1, ...options });
  clients.push(client);
  return client;
}

const strangerTrust = (): ClientTrust => ({ kind: 'stranger', rootSpkiSha256: rig.authority.rootPin });
const memberTrust = ({ identity }: TestNode): ClientTrust => ({ kind: 'member', ...identity });

/** Sends raw bytes as the only request; resolves with the status code. */
function unary(client: Client, path: string, bytes: Bytes = Buffer.alloc(0), limitMs = 10_000): Promise<number> {
  return new Promise((resolve) => {
    const options = { deadline: Date.now() + limitMs };
    client.makeUnaryRequest(path, asIs, asIs, bytes, new Metadata(), options, (error) => {
      resolve(error === null ? status.OK : error.code);
    });
  });
}

/** Opens a stream, sends raw messages, resolves with the status code. */
function streaming(client: Client, path: string, messages: readonly Bytes[]): Promise<number> {
  return new Promise((resolve) => {
    const call = client.makeBidiStreamRequest(path, asIs, asIs, new Metadata(), { deadline: Date.now() + 10_000 });
    call.on('data', () => undefined);
    call.on('error', () => undefined); // the status says it all
    call.on('status', ({ code }) => resolve(code));
    for (const message of messages) call.write(message);
  });
}

async function refusal(attempt: Promise<unknown>): Promise<BrambleError> {
  try {
    await attempt;
  } catch (thrown) {
    return BrambleError.from(thrown);
  }
  throw new Error('was let in');
}

async function isAlive(): Promise<boolean> {
  const link = await rig.connect(await rig.enrolNode());
  return (await link.next('welcome')) !== undefined;
}

/** Calls that reached our code and failed there, by code. */
const callsFailed = (): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(rig.server.counters()).filter(([name]) => name.startsWith('calls_failed_')));

test('every method of the contract is tried here', () => {
  const services = [LinkService, EnrollmentService, BulkService];
  expect(services.flatMap((service) => Object.keys(service))).toHaveLength(METHODS.length);
});

test('T-01 without a client certificate no call gets through the link listener', async () => {
  const client = rawClient(rig.link, strangerTrust());
  const before = callsFailed();
  for (const path of [...METHODS, ...HEALTH, ...REFLECTION]) {
    expect([path, await unary(client, path)]).toEqual([path, status.UNAVAILABLE]);
  }
  expect(callsFailed()).toEqual(before); // none reached our code
  expect(rig.server.counters()['handshakes_failed_total']).toBeGreaterThan(0);
});

/** Watch goes on until its client has seen enough. */
const limitOf = (path: string): number => (path.endsWith('/Watch') ? 500 : 10_000);

test('T-01 T-02 on the enrol listener only Enroll and health answer, with a certificate too', async () => {
  const node = await rig.enrolNode();
  for (const trust of [strangerTrust(), memberTrust(node)]) {
    const client = rawClient(rig.enrol, trust);
    for (const path of [...METHODS, ...HEALTH, ...REFLECTION]) {
      const isOpen = path === EnrollmentService.enroll.path || HEALTH.includes(path);
      expect([path, (await unary(client, path, undefined, limitOf(path))) === status.UNIMPLEMENTED]).toEqual([
        path,
        path === EnrollmentService.enroll.path || !isOpen,
      ]);
    }
    const challenge = EnrollRequest.encode({ step: { $case: 'challenge', value: { spkiDer: Buffer.alloc(91) } } });
    expect(await unary(client, EnrollmentService.enroll.path, challenge.finish())).toBe(status.OK);
  }
});

test('T-01 members find Renew, Link, Bulk and health on the link listener, and nothing else', async () => {
  const client = rawClient(rig.link, memberTrust(await rig.enrolNode()));
  expect(await unary(client, '/grpc.health.v1.Health/Check')).toBe(status.OK);
  expect(await unary(client, EnrollmentService.enroll.path)).toBe(status.UNIMPLEMENTED);
  expect(await unary(client, REFLECTION[0] ?? '')).toBe(status.UNIMPLEMENTED);
});

test('TLS 1.2 is refused on both listeners', async () => {
  for (const port of [rig.server.linkPort, rig.server.enrolPort]) {
    const socket = tlsConnect({ host: '127.0.0.1', port, maxVersion: 'TLSv1.2', rejectUnauthorized: false });
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve));
    expect(error.message).toMatch(/protocol version|alert/i);
  }
});

async function withCertificateFrom(node: TestNode, offsetMs: number): Promise<TestNode> {
  const authority = await rig.authorityAt(offsetMs);
  const { chainPem } = await authority.issueNodeCertificate({
    nodeId: node.id,
    site: LAB,
    kind: 'pi',
    spkiDer: node.spkiDer,
  });
  return { ...node, identity: { ...node.identity, certificateChainPem: chainPem } };
}

test.for<[string, number, boolean]>([
  ['that expired a moment ago', -30 * DAY_MS - HOUR_MS, false],
  ['with an hour left', -30 * DAY_MS + HOUR_MS, true],
  ['made by a clock 59 minutes ahead', HOUR_MS - 60_000, true],
  ['made by a clock 61 minutes ahead', HOUR_MS + 60_000, false],
  ['made by a clock a year ahead', 365 * DAY_MS, false],
])('T-12 a certificate %s', async ([, offsetMs, isGood]) => {
  const node = await withCertificateFrom(await rig.enrolNode(), offsetMs);
  const link = await rig.connect(node).catch((thrown: unknown) => BrambleError.from(thrown));
  if (isGood) {
    expect(link instanceof BrambleError ? link : await link.next('welcome')).toMatchObject({ epoch: 1 });
    return;
  }
  expect((link instanceof BrambleError ? link : await link.refusal()).code).toBe('unavailable');
  expect(rig.server.counters()['handshakes_failed_total']).toBeGreaterThan(0);
  expect(rig.logged.join()).toContain('compare the clocks');
});

test('T-13 a certificate of another authority for the same names is refused', async () => {
  const node = await rig.enrolNode();
  const before = callsFailed();
  const other = await TrustRig.start({ fleetId: rig.authority.fleet });
  try {
    const request = { nodeId: node.id, site: LAB, kind: 'pi', spkiDer: node.spkiDer } as const;
    const { chainPem } = await other.authority.issueNodeCertificate(request);
    const impostor = { ...node, identity: { ...node.identity, certificateChainPem: chainPem } };
    const link = await rig.connect(impostor).catch((thrown: unknown) => BrambleError.from(thrown));
    expect((link instanceof BrambleError ? link : await link.refusal()).code).toBe('unavailable');
    expect(callsFailed()).toEqual(before);
  } finally {
    await other.stop();
  }
});

test('T-13 a listener for members cannot be made without their root', () => {
  expect(() => BrambleServerCredentials.forMembers(rig.authority.serverIdentity, '')).toThrow(/root of ours/);
});

test('T-14 the controller’s own certificate is no client’s', async () => {
  const { certificateChainPem, privateKeyPem } = rig.authority.serverIdentity;
  const stolen = credentials.createSsl(
    Buffer.from(rig.authority.trustRootsPem),
    Buffer.from(privateKeyPem),
    Buffer.from(certificateChainPem),
    { checkServerIdentity: () => undefined },
  );
  const before = callsFailed();
  const client = new Client(rig.link, stolen, CHANNEL_OPTIONS);
  clients.push(client);
  expect(await unary(client, '/grpc.health.v1.Health/Check')).toBe(status.UNAVAILABLE);
  expect(await unary(client, EnrollmentService.renew.path)).toBe(status.UNAVAILABLE);
  expect(callsFailed()).toEqual(before);
});

test('T-15 an agent does not talk to an impostor, and says why', async () => {
  const node = await rig.enrolNode();
  const impostor = await TrustRig.start({ fleetId: rig.authority.fleet });
  try {
    const net = makeGrpcNet();
    const signal = new AbortController().signal;
    const error = await refusal(net.openLink(impostor.link, node.identity, signal));
    expect([error.code, error.message]).toEqual([
      'unauthenticated',
      expect.stringContaining('no authority that we trust'),
    ]);
    const request = { step: { $case: 'challenge', value: { spkiDer: node.spkiDer } } } as const;
    const pinned = await refusal(net.enroll(impostor.enrol, rig.authority.rootPin, request, signal));
    expect([pinned.code, pinned.hint]).toEqual(['unauthenticated', expect.stringContaining('pin')]);
    expect(Object.keys(impostor.server.counters()).filter((name) => name.startsWith('calls_'))).toEqual([]);
  } finally {
    await impostor.stop();
  }
});

test('T-15 a node of the fleet cannot pose as its controller', async () => {
  const [victim, rogue] = [await rig.enrolNode(), await rig.enrolNode('fileserver')];
  const identity = {
    certificateChainPem: rogue.identity.certificateChainPem,
    privateKeyPem: rogue.identity.privateKeyPem,
  };
  const fake = await TrustRig.start({ serverIdentity: identity });
  try {
    const error = await refusal(makeGrpcNet().openLink(fake.link, victim.identity, new AbortController().signal));
    expect([error.code, error.message]).toEqual(['unauthenticated', expect.stringContaining('another use')]);
  } finally {
    await fake.stop();
  }
});

test.for<[string, number, string]>([
  ['in 1970', -Date.now(), 'connects'],
  ['a day behind', -DAY_MS, 'connects'],
  ['a year ahead', 365 * DAY_MS, 'refuses'],
])('an agent whose clock is %s', async ([, offsetMs, want]) => {
  const node = await rig.enrolNode();
  const trust = memberTrust(node);
  const channel = BrambleChannelCredentials.create({ trust, nowMs: () => Date.now() + offsetMs });
  const client = new Client(rig.link, channel, CHANNEL_OPTIONS);
  clients.push(client);
  const code = await unary(client, '/grpc.health.v1.Health/Check');
  expect(code).toBe(want === 'connects' ? status.OK : status.UNAVAILABLE);
  expect(channel.refusal?.message).toEqual(want === 'connects' ? undefined : expect.stringContaining('expired'));
});

test('an agent in 1970 with a clock floor past the certificate’s end refuses it', async () => {
  const node = await rig.enrolNode();
  const identity = { ...node.identity, clockFloorMs: Date.now() + 365 * DAY_MS };
  const error = await refusal(makeGrpcNet().openLink(rig.link, identity, new AbortController().signal));
  expect([error.code, error.message]).toEqual(['unauthenticated', expect.stringContaining('expired')]);
});

const field = (number: number, type: number): number => (number << 3) | type;
const HOSTILE: readonly [string, () => Bytes][] = [
  ['an empty message', () => Buffer.alloc(0)],
  ['a length that lies', () => Buffer.of(field(1, 2), 0xff, 0xff, 0x03, 1)],
  ['a varint without an end', () => Buffer.alloc(64, 0xff)],
  ['a hundred thousand groups inside each other', () => Buffer.alloc(100_000, field(9, 3))],
  ['a hundred thousand messages inside each other', () => nested(20_000)],
  ['a quarter of a megabyte of unknown fields', () => unknownFields(250_000)],
  ['wrong wire types', () => Buffer.of(field(1, 0), 7, field(2, 5), 1, 2, 3, 4)],
  ['invalid UTF-8', () => Buffer.of(field(2, 2), 6, field(1, 2), 4, 0xff, 0xfe, 0xc0, 0x80)],
  [
    'a name out of JavaScript',
    () => Buffer.concat([Buffer.of(field(2, 2), 11, field(1, 2), 9), Buffer.from('__proto__')]),
  ],
  ['field number 0', () => Buffer.of(0, 0, 0, 0)],
];

function nested(depth: number): Bytes {
  let bytes = Buffer.of(field(1, 0), 1);
  for (let i = 0; i < depth && bytes.length < 200_000; i++) {
    const head =
      bytes.length < 128
        ? [bytes.length]
        : [(bytes.length & 127) | 128, ((bytes.length >> 7) & 127) | (bytes.length < 16_384 ? 0 : 128)];
    if (bytes.length >= 16_384) head.push(bytes.length >> 14);
    bytes = Buffer.concat([Buffer.of(field(1, 2), ...head), bytes]);
  }
  return bytes;
}

function unknownFields(size: number): Bytes {
  return Buffer.concat(Array.from({ length: size / 5 }, () => Buffer.of(...[0xf8, 0x7f, 1, 0xf0, 0x7f])));
}

test.for(HOSTILE)('T-49 %s', async ([, make]) => {
  const node = await rig.enrolNode();
  const bytes = make();
  const [stranger, member] = [rawClient(rig.enrol, strangerTrust()), rawClient(rig.link, memberTrust(node))];
  const codes = [
    await unary(stranger, EnrollmentService.enroll.path, bytes),
    await unary(member, EnrollmentService.renew.path, bytes),
    await streaming(member, LinkService.connect.path, [bytes]),
    await streaming(member, BulkService.upload.path, [bytes]),
  ];
  const clean = [status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED, status.UNIMPLEMENTED, status.PERMISSION_DENIED];
  for (const code of codes) expect(clean).toContain(code);
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('polluted');
  expect(await isAlive()).toBe(true);
});

test.for([MESSAGE_BYTES_MAX + 1, 5 * 2 ** 20])(
  'T-49 a message of %i bytes is refused before it is read',
  async (size) => {
    const node = await rig.enrolNode();
    const [stranger, member] = [rawClient(rig.enrol, strangerTrust()), rawClient(rig.link, memberTrust(node))];
    const bytes = Buffer.alloc(size, field(15, 2));
    expect(await unary(stranger, EnrollmentService.enroll.path, bytes)).toBe(status.RESOURCE_EXHAUSTED);
    expect(await streaming(member, LinkService.connect.path, [bytes])).toBe(status.RESOURCE_EXHAUSTED);
    expect(await isAlive()).toBe(true);
  },
);

test('a message at the limit is read', async () => {
  const stranger = rawClient(rig.enrol, strangerTrust());
  const padding = Buffer.concat([Buffer.of(0xfa, 0x7f, 0xb5, 0xff, 0x0f), Buffer.alloc(262_069)]);
  const challenge = EnrollRequest.encode({
    step: { $case: 'challenge', value: { spkiDer: Buffer.alloc(64) } },
  }).finish();
  const bytes = Buffer.concat([padding, challenge]);
  expect(bytes.length).toBe(MESSAGE_BYTES_MAX - 2);
  expect(await unary(stranger, EnrollmentService.enroll.path, bytes)).toBe(status.OK);
});

test('a stream that does not say hello is ended, and so is one that begins with something else', async () => {
  const node = await rig.enrolNode();
  const client = rawClient(rig.link, memberTrust(node));
  expect(await streaming(client, LinkService.connect.path, [])).toBe(status.DEADLINE_EXCEEDED);
  const pull = AgentFrame.encode({ frame: { $case: 'desiredStatePull', value: { haveRevision: 0 } } }).finish();
  expect(await streaming(client, LinkService.connect.path, [pull])).toBe(status.INVALID_ARGUMENT);
});

test('a frame of a newer agent is passed over', async () => {
  const node = await rig.enrolNode();
  const link = await rig.connect(node);
  await link.next('welcome');
  link.stream.send({ frame: undefined });
  link.stream.send({ frame: { $case: 'desiredStatePull', value: { haveRevision: 0 } } });
  expect((await link.next('desiredState'))?.revision).toBe(0);
  expect(rig.server.counters()['frames_unknown_total']).toBe(1);
});

test('an upload is stored for the node that sent it, whole and checked', async () => {
  const node = await rig.enrolNode();
  const content = randomBytes(200_000);
  const sha256 = createHash('sha256').update(content).digest();
  const commandId = '01890a5d-ac96-774b-bcce-b302099a8057';
  const header = { commandId, name: 'diagnostics.tar', sizeBytes: content.length, sha256 };
  const signal = new AbortController().signal;
  const send = (over: object, bytes = content) =>
    makeGrpcNet().upload(rig.link, node.identity, { ...header, ...over }, pieces(bytes), signal);
  expect(await send({})).toEqual({ storedBytes: content.length });
  const codes = [];
  const another = { commandId: '01890a5d-ac96-774b-bcce-b302099a8058' };
  for (const [over, bytes] of [
    [{ name: 'again' }, content],
    [{ ...another, name: '../../etc/passwd' }, content],
    [{ ...another, name: 'a', sizeBytes: 17 * 2 ** 20 }, content],
    [{ ...another, name: 'b', sizeBytes: content.length - 1 }, content],
    [{ ...another, name: 'c', sizeBytes: content.length + 1 }, content],
    [{ ...another, name: 'd', sha256: Buffer.alloc(32) }, content],
    [{ ...another, name: 'e', sha256: Buffer.alloc(3) }, content],
    [{ name: 'f', commandId: '../x' }, content],
  ] as const) {
    codes.push((await refusal(send(over, bytes))).code);
  }
  expect(codes).toEqual([
    'already-exists',
    'invalid-argument',
    'resource-exhausted',
    'invalid-argument',
    'data-loss',
    'data-loss',
    'invalid-argument',
    'invalid-argument',
  ]);
  expect(await rig.uploaded()).toEqual([`${node.id}/${commandId}`]);
});

async function* pieces(content: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 90_000) yield content.subarray(at, at + 90_000);
}

test('a key that was never certified cannot borrow a certificate', async () => {
  const node = await rig.enrolNode();
  const privateKeyPem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const error = await refusal(
    makeGrpcNet().openLink(rig.link, { ...node.identity, privateKeyPem }, new AbortController().signal),
  );
  expect(error.code).toBe('invalid-argument');
});
