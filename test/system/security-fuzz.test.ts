import { Client, Metadata } from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BulkService, UploadChunk } from '../../proto/gen/bramble/agent/v1/bulk.js';
import { EnrollmentService, EnrollRequest, RenewRequest } from '../../proto/gen/bramble/agent/v1/enrollment.js';
import { AgentFrame, Hello, LinkService } from '../../proto/gen/bramble/agent/v1/link.js';
import { CHANNEL_OPTIONS } from '../../proto/wire/channel.js';
import { BrambleChannelCredentials, type ClientTrust } from '../../proto/wire/credentials.js';
import { TestBoard, type TestNode, TrustRig } from './trust-rig.js';

/** Every RPC under bytes that nobody of ours sends: the server answers each, and then the next honest call. */

let rig: TrustRig;
let node: TestNode;
let stranger: Client;
let member: Client;
const unlimited = { callsPerWindowMax: 1e9, asksBurst: 1e9, framesBurst: 1e9, helloWithinMs: 200 };

beforeAll(async () => {
  rig = await TrustRig.start({ limits: unlimited });
  node = await rig.enrolNode();
  stranger = client(rig.enrol, { kind: 'stranger', rootSpkiSha256: rig.authority.rootPin });
  member = client(rig.link, { kind: 'member', ...node.identity });
});
afterAll(async () => {
  stranger.close();
  member.close();
  await rig.stop();
});

function client(endpoint: string, trust: ClientTrust): Client {
  return new Client(endpoint, BrambleChannelCredentials.create({ trust, nowMs: () => Date.now() }), CHANNEL_OPTIONS);
}

const asIs = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

function unary(to: Client, path: string, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    to.makeUnaryRequest(path, asIs, asIs, bytes, new Metadata(), { deadline: Date.now() + 20_000 }, (error) => {
      resolve(error === null ? 0 : error.code);
    });
  });
}

function streaming(path: string, messages: readonly Uint8Array[]): Promise<number> {
  return new Promise((resolve) => {
    const call = member.makeBidiStreamRequest(path, asIs, asIs, new Metadata(), { deadline: Date.now() + 20_000 });
    call.on('data', () => undefined);
    call.on('error', () => undefined); // the status says it all
    call.on('status', ({ code }) => {
      resolve(code);
    });
    for (const message of messages) call.write(message);
    call.end();
  });
}

/** DEADLINE_EXCEEDED would be a hang, INTERNAL a bug, UNAVAILABLE a dead server, UNKNOWN something that was thrown past the edge. */
const SHOULD_NOT_BE = [2, 4, 13, 14];

async function isServing(): Promise<void> {
  expect((await new TestBoard().ask(rig)).length).toBeGreaterThan(0);
  const link = await rig.connect(node);
  expect((await link.next('welcome'))?.epoch).toBe(1);
  link.stream.end();
  await link.over;
  expect(rig.logged.filter((line) => line.includes('because of a bug'))).toEqual([]);
}

/** A valid message with some of its bytes changed, dropped or doubled. */
function mutated(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(Math.max(0, valid.length - 1)),
    kind: fc.constantFrom('set', 'drop', 'double', 'cut'),
    byte: fc.nat(255),
  });
  return fc.array(edit, { minLength: 1, maxLength: 6 }).map((edits) => {
    let bytes = Buffer.from(valid);
    for (const { at, kind, byte } of edits) {
      const [before, after] = [bytes.subarray(0, at), bytes.subarray(at + 1)];
      if (kind === 'cut') bytes = Buffer.from(before);
      else if (kind === 'drop') bytes = Buffer.concat([before, after]);
      else bytes = Buffer.concat([before, Buffer.of(byte), kind === 'set' ? after : bytes.subarray(at)]);
    }
    return bytes;
  });
}

const hostile = (valid: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(fc.uint8Array({ maxLength: 300 }), mutated(valid), mutated(valid));

const hello = AgentFrame.encode({
  frame: {
    $case: 'hello',
    value: Hello.fromPartial({ kind: 1, bootId: 'b', processNonce: 'p', board: { serial: 's' } }),
  },
}).finish();
const events = AgentFrame.encode({
  frame: {
    $case: 'events',
    value: {
      events: [
        {
          ...{ bootId: 'b', sequence: 1, uptimeMs: 1, wallClockUnixMs: -5 },
          kind: { $case: 'agentStarted', value: { agentVersion: '1.0.0', previousExit: 2 } },
        },
      ],
    },
  },
}).finish();
const report = AgentFrame.encode({
  frame: {
    $case: 'report',
    value: {
      ...{ sequence: 1, full: true, takenAtMs: 5_000, seriesStep: [1, 1], change: [-7, 1e15], withdrawn: [] },
      define: [
        { series: 1, fact: 51, instance: '' },
        { series: 2, fact: 71, instance: '/' },
        { series: 3, fact: 17, instance: '' },
      ],
      text: [{ series: 3, text: 'raspberrypi' }],
    },
  },
}).finish();

const FUZZ = { numRuns: 150, endOnFailure: true };

test('Enroll, asked for a challenge and with a proof', async () => {
  const board = new TestBoard();
  const token = await rig.token();
  const challenge = EnrollRequest.encode({ step: { $case: 'challenge', value: { spkiDer: board.spkiDer } } }).finish();
  const value = board.proof(token, await board.ask(rig), rig);
  const proof = EnrollRequest.encode({ step: { $case: 'proof', value } }).finish();
  await fc.assert(
    fc.asyncProperty(fc.oneof(hostile(challenge), hostile(proof)), async (bytes) => {
      expect(SHOULD_NOT_BE).not.toContain(await unary(stranger, EnrollmentService.enroll.path, bytes));
    }),
    FUZZ,
  );
  await isServing();
});

test('Renew', async () => {
  const valid = RenewRequest.encode({
    spkiDer: node.spkiDer,
    signature: Buffer.alloc(70, 1),
    renewalCounter: 1,
  }).finish();
  await fc.assert(
    fc.asyncProperty(hostile(valid), async (bytes) => {
      expect(SHOULD_NOT_BE).not.toContain(await unary(member, EnrollmentService.renew.path, bytes));
    }),
    FUZZ,
  );
  await isServing();
});

test('Link, before and after hello', async () => {
  const later = fc.array(fc.oneof(hostile(events), hostile(report), hostile(hello)), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), hostile(hello), later, async (isHonestFirst, first, rest) => {
      const code = await streaming(LinkService.connect.path, [isHonestFirst ? hello : first, ...rest]);
      expect(SHOULD_NOT_BE).not.toContain(code);
    }),
    FUZZ,
  );
  await isServing();
});

test('Upload', async () => {
  const value = {
    commandId: '01890a5d-ac96-774b-bcce-b302099a8057',
    name: 'a',
    sizeBytes: 3,
    sha256: Buffer.alloc(32),
  };
  const header = UploadChunk.encode({ part: { $case: 'header', value } }).finish();
  const data = UploadChunk.encode({ part: { $case: 'data', value: Buffer.of(1, 2, 3) } }).finish();
  await fc.assert(
    fc.asyncProperty(hostile(header), fc.array(hostile(data), { maxLength: 3 }), async (first, rest) => {
      expect(SHOULD_NOT_BE).not.toContain(await streaming(BulkService.upload.path, [first, ...rest]));
    }),
    FUZZ,
  );
  await isServing();
  expect(await rig.uploaded()).toEqual([]);
});

test('paths that nobody registered', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.stringMatching(/^\/[a-zA-Z0-9._/%-]{0,40}$/),
      fc.uint8Array({ maxLength: 50 }),
      async (path, bytes) => {
        expect([12, 3]).toContain(await unary(member, path, bytes));
        expect([12, 3]).toContain(await unary(stranger, path, bytes));
      },
    ),
    { ...FUZZ, numRuns: 50 },
  );
  await isServing();
});
