import { Duplex } from 'node:stream';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { nodeId, siteId } from '../../proto/contract/ids.js';
import { seededRandom } from '../../proto/contract/random.js';
import { type AgentFrame, type ControllerFrame, Hello } from '../../proto/gen/bramble/agent/v1/link.js';
import { Report } from '../../proto/gen/bramble/agent/v1/report.js';
import { StringPool } from '../../proto/wire/series.js';
import type { AgentConnection, AgentGate, AgentSession, FromAgent, ToAgent } from '../usecases/agent-messages.js';
import { FakeWorld } from '../usecases/testing/fake-world.js';
import { RpcCounters } from './counters.js';
import { type Decoded, Edge, type NodeCaller, UNDECODABLE } from './edge.js';
import { DEFAULT_LIMITS, type RpcLimits } from './limits.js';
import { LinkCall, type LinkStream } from './link-call.js';
import { PeerSessions } from './peer-sessions.js';
import { NO_UPLINKS } from './uplink-gate.js';

const PEER = { nodeId: nodeId('n-0000000000001'), site: siteId('lab'), kind: 'pi', spkiSha256: 'k' } as const;

/** The controller's end of a stream, as grpc-js shows it. */
class FakeStream extends Duplex {
  readonly sent: NonNullable<ControllerFrame['frame']>['$case'][] = [];
  status: number | undefined;
  /** While true the agent reads nothing. */
  isStuck = false;
  #stuck: (() => void)[] = [];

  constructor() {
    super({ objectMode: true });
    this.on('error', (thrown: { readonly code?: number }) => {
      this.status = thrown.code;
      this.end();
    });
  }

  getPeer = (): string => '192.0.2.7:1';
  getPath = (): string => '/bramble.agent.v1.Link/Connect';

  override _read(): void {
    return; // frames are pushed by the test
  }

  override _write(frame: ControllerFrame, _encoding: string, done: () => void): void {
    if (frame.frame !== undefined) this.sent.push(frame.frame.$case);
    if (this.isStuck) this.#stuck.push(done);
    else done();
  }

  override _final(done: () => void): void {
    this.status ??= status.OK;
    done();
    this.push(null);
  }
}

/** A gate that keeps what comes. */
class FakeGate implements AgentGate {
  readonly received: FromAgent[] = [];
  connection: AgentConnection | undefined;
  closedCount = 0;
  refuseWith: BrambleError | undefined;
  admit: Promise<void> = Promise.resolve();

  async connect(connection: AgentConnection): Promise<AgentSession> {
    this.connection = connection;
    await this.admit;
    if (this.refuseWith !== undefined) throw this.refuseWith;
    return {
      receive: (message) => this.received.push(message),
      closed: () => {
        this.closedCount += 1;
      },
    };
  }
}

class Bench {
  readonly world = new FakeWorld();
  readonly gate = new FakeGate();
  readonly stream = new FakeStream();
  readonly counters = new RpcCounters();
  destroyedCount = 0;

  constructor(over: Partial<RpcLimits> = {}, expiresAtMs = Infinity) {
    const { clock, log, timers } = this.world;
    const limits = { ...DEFAULT_LIMITS, ...over };
    const base = { clock, log, counters: this.counters, limits };
    const sessions = new PeerSessions({ ...base, readCertificate: undefined });
    const edge = new Edge({ ...base, sessions, identities: { check: () => PEER } });
    const session = {
      ...{ from: '192.0.2.7:1', claims: undefined, account: 'k' },
      destroy: () => {
        this.destroyedCount += 1;
        this.stream.destroy();
      },
    };
    const caller: NodeCaller = { session, from: session.from, peer: PEER, expiresAtMs };
    const deps = { ...base, edge, gate: this.gate, timers, strings: new StringPool(), uplinks: NO_UPLINKS };
    // The members that a LinkCall uses are all there.
    new LinkCall(this.stream as unknown as LinkStream, caller, deps).start();
  }

  async push(...frames: readonly Decoded<AgentFrame>[]): Promise<void> {
    for (const frame of frames) this.stream.push(frame);
    await this.world.settle();
  }

  async open(): Promise<this> {
    await this.push(hello);
    return this;
  }
}

const hello: AgentFrame = { frame: { $case: 'hello', value: Hello.fromPartial({ kind: 1 }) } };
const pull = (haveRevision = 0): AgentFrame => ({ frame: { $case: 'desiredStatePull', value: { haveRevision } } });
const batch: AgentFrame = { frame: { $case: 'events', value: { events: [] } } };
const report = (over: Partial<Report>): AgentFrame => ({ frame: { $case: 'report', value: Report.fromPartial(over) } });
const welcome = (reportIntervalMs: number): ToAgent => ({
  kind: 'welcome',
  sessionId: 's',
  controllerMs: 0,
  epoch: 1,
  desiredRevision: 0,
  commandsHeld: false,
  cadence: { reportIntervalMs, probeAfterMs: 1, reconnectSpreadMs: 1 },
});

test('frames reach the gate in their order, those that came early too', async () => {
  const bench = new Bench();
  await bench.push(hello, pull(1), pull(2));
  await bench.push(pull(3));
  expect(
    bench.gate.received.map((message) => (message.kind === 'desired-state-pull' ? message.haveRevision : -1)),
  ).toEqual([1, 2, 3]);
});

test('nothing is taken before the gate has let the stream in', async () => {
  const bench = new Bench();
  let letIn: () => void = () => undefined;
  bench.gate.admit = new Promise((resolve) => {
    letIn = resolve;
  });
  await bench.push(hello, pull(1));
  expect(bench.gate.received).toEqual([]);
  letIn();
  await bench.world.settle();
  expect(bench.gate.received).toHaveLength(1);
});

test.for<[string, readonly Decoded<AgentFrame>[], number]>([
  ['another first frame', [pull()], status.INVALID_ARGUMENT],
  ['an unknown first frame', [{ frame: undefined }], status.INVALID_ARGUMENT],
  ['bytes that are no frame', [UNDECODABLE], status.INVALID_ARGUMENT],
  ['a second hello', [hello, hello], status.INVALID_ARGUMENT],
  ['bytes that are no frame later on', [hello, UNDECODABLE], status.INVALID_ARGUMENT],
  [
    'a report that contradicts itself',
    [hello, report({ sequence: 1, full: true, seriesStep: [1] })],
    status.INVALID_ARGUMENT,
  ],
])('%s ends the stream', async ([, frames, code]) => {
  const bench = new Bench();
  await bench.push(...frames);
  expect(bench.stream.status).toBe(code);
  expect(bench.gate.closedCount).toBe(frames.length === 2 ? 1 : 0);
});

test('a stream that says nothing is ended in time, one that said hello is not', async () => {
  const [silent, speaking] = [new Bench(), new Bench()];
  await speaking.open();
  await silent.world.advance(9_999);
  expect(silent.stream.status).toBeUndefined();
  await silent.world.advance(1);
  await speaking.world.advance(60_000);
  expect([silent.stream.status, speaking.stream.status]).toEqual([status.DEADLINE_EXCEEDED, undefined]);
});

test('a refusal of the gate is what the agent hears', async () => {
  const bench = new Bench();
  bench.gate.refuseWith = new BrambleError('already-exists', 'frozen');
  await bench.open();
  expect(bench.stream.status).toBe(status.ALREADY_EXISTS);
  expect(bench.gate.closedCount).toBe(0);
});

test('a stream that ends while the gate decides is told to the session that it made', async () => {
  const bench = new Bench();
  let letIn: () => void = () => undefined;
  bench.gate.admit = new Promise((resolve) => {
    letIn = resolve;
  });
  await bench.open();
  bench.stream.destroy();
  await bench.world.settle();
  letIn();
  await bench.world.settle();
  expect([bench.gate.closedCount, bench.gate.received]).toEqual([1, []]);
});

test('whoever ends it, the session hears of it once', async () => {
  const byAgent = await new Bench().open();
  byAgent.stream.push(null);
  await byAgent.world.settle();
  const byNetwork = await new Bench().open();
  byNetwork.stream.destroy();
  await byNetwork.world.settle();
  const byUs = await new Bench().open();
  byUs.gate.connection?.close('revoked', 'gone');
  byUs.gate.connection?.close('revoked', 'again');
  await byUs.world.settle();
  expect([byAgent, byNetwork, byUs].map(({ gate }) => gate.closedCount)).toEqual([1, 1, 1]);
  expect(byUs.stream.sent).toEqual(['goodbye']);
  expect([byAgent, byUs].map(({ stream }) => stream.status)).toEqual([status.OK, status.OK]);
});

test('T-11 a stream that does not end after goodbye loses its connection within half a second', async () => {
  const bench = await new Bench().open();
  bench.stream.isStuck = true;
  bench.gate.connection?.close('revoked', 'gone');
  await bench.world.advance(499);
  expect(bench.destroyedCount).toBe(0);
  await bench.world.advance(1);
  expect([bench.destroyedCount, bench.gate.closedCount]).toEqual([1, 1]);
});

test('nothing is sent or taken after the goodbye', async () => {
  const bench = await new Bench().open();
  bench.stream.isStuck = true;
  bench.gate.connection?.close('superseded', '');
  bench.gate.connection?.send({ kind: 'resync' });
  await bench.push(pull());
  expect([bench.gate.received, bench.counters.snapshot()['frames_unsent_total']]).toEqual([[], 1]);
});

test('a reader that is too slow is cut off, and costs a bounded queue until then', async () => {
  const bench = await new Bench({ sendQueueFramesMax: 10 }).open();
  bench.stream.isStuck = true;
  for (let i = 0; i < 1_000; i++) bench.gate.connection?.send({ kind: 'resync' });
  expect(bench.stream.writableLength).toBeLessThanOrEqual(11);
  expect(bench.counters.snapshot()['slow_readers_total']).toBe(1);
  await bench.world.advance(500);
  expect([bench.destroyedCount, bench.gate.closedCount]).toEqual([1, 1]);
});

test('frames beyond the rate wait, and none is lost', async () => {
  const bench = await new Bench({ framesPerSecond: 2, framesBurst: 3 }).open();
  await bench.push(...Array.from({ length: 10 }, (_, index) => pull(index)));
  const early = bench.gate.received.length;
  expect(early).toBeLessThanOrEqual(4);
  await bench.world.advance(1_000);
  expect(bench.gate.received.length - early).toBeLessThanOrEqual(3);
  await bench.world.advance(4_000);
  expect(bench.gate.received).toHaveLength(10);
});

test('T-51 a flood is read at the agreed rate, and ended when it does not stop', async () => {
  const bench = await new Bench({ framesPerSecond: 2, framesBurst: 20, waitsInARowMax: 10 }).open();
  const flood = async (): Promise<void> => {
    for (let i = 0; i < 50 && !bench.stream.destroyed; i++) bench.stream.push(pull(i));
    await bench.world.advance(1_000);
  };
  for (let second = 0; second < 20 && bench.stream.status === undefined; second++) await flood();
  expect(bench.gate.received.length).toBeLessThan(50);
  expect(bench.stream.sent).toEqual(['goodbye']);
  expect(bench.counters.snapshot()['offenders_closed_total']).toBe(1);
});

test('a faster cadence raises the rate with it', async () => {
  const bench = await new Bench({ framesPerSecond: 0.001, framesBurst: 1 }).open();
  bench.gate.connection?.send(welcome(100));
  for (let i = 0; i < 30; i++) {
    await bench.push(pull(i));
    await bench.world.advance(100);
  }
  expect(bench.gate.received).toHaveLength(30);
});

test('batches of events have a budget of their own', async () => {
  const bench = await new Bench({ framesPerSecond: 0.001, framesBurst: 1 }).open();
  await bench.push(...Array.from({ length: 64 }, () => batch));
  expect(bench.gate.received).toHaveLength(64);
});

test('a report that leaves a gap asks for all of it once, and deltas are dropped until it comes', async () => {
  const bench = await new Bench().open();
  await bench.push(report({ sequence: 1, full: true }), report({ sequence: 3 }), report({ sequence: 4 }));
  expect([bench.gate.received.length, bench.stream.sent]).toEqual([1, ['resync']]);
  await bench.push(report({ sequence: 5, full: true }), report({ sequence: 6 }));
  expect(bench.gate.received).toHaveLength(3);
  expect(bench.counters.snapshot()).toMatchObject({ resyncs_total: 1, reports_out_of_step_total: 1 });
});

test('T-12 a stream ends with the certificate that it was opened with', async () => {
  const world = new FakeWorld();
  const bench = await new Bench({}, world.clock.nowMs() + 1_000).open();
  await bench.push(pull());
  await bench.world.advance(1_000);
  await bench.push(pull());
  expect([bench.gate.received.length, bench.stream.status]).toEqual([1, status.UNAUTHENTICATED]);
});

test('a frame of a newer agent is passed over and counted', async () => {
  const bench = await new Bench().open();
  await bench.push({ frame: undefined }, pull());
  expect([bench.gate.received.length, bench.counters.snapshot()['frames_unknown_total']]).toEqual([1, 1]);
});

test('property: whatever frames come in whatever order, the stream ends or goes on, and its session ends once', async () => {
  const anyFrame = fc.constantFrom<Decoded<AgentFrame>>(
    hello,
    pull(),
    batch,
    UNDECODABLE,
    { frame: undefined },
    report({ sequence: 1, full: true }),
    report({ sequence: 2 }),
    { frame: { $case: 'goodbye', value: { reason: 99 as 1, expectedBackMs: 0, detail: '' } } }, // of a newer agent
  );
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 30 }), fc.nat(), async (frames, seed) => {
      const bench = new Bench({ framesBurst: 2 });
      const random = seededRandom(seed);
      for (const frame of frames) {
        if (!bench.stream.destroyed && bench.stream.readable) bench.stream.push(frame);
        if (random.unit() < 0.3) await bench.world.advance(300);
      }
      bench.stream.destroy();
      await bench.world.advance(20_000);
      const wasLetIn = bench.gate.connection !== undefined;
      expect(bench.gate.closedCount).toBe(wasLetIn ? 1 : 0);
      expect(bench.world.timersCount).toBe(0);
    }),
    { numRuns: 60 },
  );
});
