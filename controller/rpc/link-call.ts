import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Clock } from '../../proto/contract/clock.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { TokenBucket } from '../../proto/contract/token-bucket.js';
import type { AgentFrame, ControllerFrame } from '../../proto/gen/bramble/agent/v1/link.js';
import type { Report } from '../../proto/gen/bramble/agent/v1/report.js';
import { SeriesDecoder, type StringPool } from '../../proto/wire/series.js';
import type {
  AgentConnection,
  AgentGate,
  AgentPeer,
  AgentSession,
  FromAgent,
  GoodbyeReason,
  ToAgent,
} from '../usecases/agent-messages.js';
import type { Timers } from '../usecases/ports.js';
import type { RpcCounters } from './counters.js';
import { type Decoded, type Edge, type NodeCaller, UNDECODABLE, undecodable } from './edge.js';
import { readGoodbyeReason } from './enums.js';
import type { RpcLimits } from './limits.js';
import { readTry } from './translate-config.js';
import { readEvents, readHello } from './translate-in.js';
import { writeFrame } from './translate-out.js';
import { readTunnelWish } from './translate-tunnel.js';
import type { UplinkGate } from './uplink-gate.js';

export type LinkStream = ServerDuplexStream<Decoded<AgentFrame>, ControllerFrame>;

export interface LinkDeps {
  readonly edge: Edge;
  readonly gate: AgentGate;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly counters: RpcCounters;
  readonly limits: RpcLimits;
  /** Names that every node has in common are kept once. */
  readonly strings: StringPool;
  readonly uplinks: UplinkGate;
}

/** What an event costs on the way, about. */
const EVENT_BYTES = 200;
/** Behind events there are reports and answers: these are never held up for longer. */
const EVENTS_WAIT_MS_MAX = 2_000;

/** `ending`: nothing that still arrives is taken, and nothing more is sent. */
type Phase = 'hello' | 'connecting' | 'open' | 'ending';

/** One open Link stream: frames in their order to the gate, messages back, within limits. Ten thousand of these live at once. */
export class LinkCall implements AgentConnection {
  readonly peer: AgentPeer;
  readonly from: string;
  readonly #call: LinkStream;
  readonly #caller: NodeCaller;
  readonly #deps: LinkDeps;
  readonly #frames: TokenBucket;
  readonly #eventBatches: TokenBucket;
  #phase: Phase = 'hello';
  #isClosed = false;
  #session: AgentSession | undefined;
  #decoder: SeriesDecoder | undefined;
  /** Reports are dropped until the agent has sent all of its series anew. */
  #awaitsFullReport = false;
  #waitsInARow = 0;
  #cancelTimer: () => void;

  constructor(call: LinkStream, caller: NodeCaller, deps: LinkDeps) {
    const { limits, clock } = deps;
    const nowMs = clock.monotonicMs();
    this.peer = caller.peer;
    this.from = caller.from;
    this.#call = call;
    this.#caller = caller;
    this.#deps = deps;
    this.#frames = new TokenBucket(limits.framesPerSecond, limits.framesBurst, nowMs);
    this.#eventBatches = new TokenBucket(limits.eventBatchesPerSecond, limits.eventBatchesBurst, nowMs);
    this.#cancelTimer = () => undefined;
  }

  start(): void {
    this.#cancelTimer = this.#deps.timers.after(this.#deps.limits.helloWithinMs, () => {
      this.#fail(new BrambleError('deadline-exceeded', 'no Hello came in time'));
    });
    this.#call.on('data', (frame: Decoded<AgentFrame>) => {
      this.#received(frame);
    });
    this.#call.once('end', () => {
      if (this.#phase !== 'ending') this.#end(() => this.#call.end());
    });
    this.#call.once('close', () => {
      this.#closed();
    });
  }

  send(message: ToAgent): void {
    if (this.#phase === 'ending') {
      this.#deps.counters.add('frames_unsent_total');
      return;
    }
    if (message.kind === 'welcome' || message.kind === 'desired-state') {
      // A report and an answer to it per interval, twice over.
      const { framesPerSecond } = this.#deps.limits;
      this.#frames.setRate(Math.max(framesPerSecond, 4_000 / message.cadence.reportIntervalMs));
    }
    if (this.#call.writableLength < this.#deps.limits.sendQueueFramesMax) {
      this.#call.write(writeFrame(message));
      return;
    }
    this.#deps.counters.add('slow_readers_total');
    this.close('over-limit', 'frames wait that you do not read');
  }

  close(reason: GoodbyeReason, detail: string): void {
    if (this.#phase === 'ending') return;
    this.#end(() => {
      this.#call.write(writeFrame({ kind: 'goodbye', reason, expectedBackMs: 0, detail }));
      this.#call.end();
    });
  }

  #received(frame: Decoded<AgentFrame>): void {
    if (this.#phase === 'ending') return;
    try {
      if (frame === UNDECODABLE) throw undecodable();
      if (this.#phase === 'hello') this.#hello(frame);
      else this.#take(frame);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #hello({ frame }: AgentFrame): void {
    if (frame?.$case !== 'hello') throw new BrambleError('invalid-argument', 'the first frame is Hello');
    this.#cancelTimer();
    this.#phase = 'connecting';
    this.#call.pause(); // what follows waits in the transport until it is known whether anybody will take it
    this.#deps.gate.connect(this, readHello(frame.value)).then(
      (session) => {
        this.#session = session;
        if (this.#isClosed) session.closed();
        if (this.#phase !== 'connecting') return;
        this.#phase = 'open';
        this.#call.resume();
      },
      (thrown: unknown) => {
        this.#fail(thrown);
      },
    );
  }

  #take({ frame }: AgentFrame): void {
    this.#throttle(frame?.$case === 'events' ? this.#eventBatches : this.#frames);
    if (frame?.$case === 'events') this.#makeRoom(frame.value.events.length);
    if (this.#phase === 'ending') return;
    if (this.#deps.clock.nowMs() >= this.#caller.expiresAtMs) {
      throw new BrambleError('unauthenticated', 'the certificate has expired; come back with the renewed one');
    }
    const message = this.#translate(frame);
    if (message !== undefined) this.#session?.receive(message);
  }

  #translate(frame: AgentFrame['frame']): FromAgent | undefined {
    switch (frame?.$case) {
      case 'report':
        return this.#report(frame.value);
      case 'events':
        return { kind: 'events', events: readEvents(frame.value.events) };
      case 'desiredStatePull':
        return { kind: 'desired-state-pull', haveRevision: frame.value.haveRevision };
      case 'desiredStateReached':
        return { kind: 'desired-state-reached', revision: frame.value.revision, ...readTry(frame.value) };
      case 'probeReply':
        return { kind: 'probe-reply', ...frame.value };
      case 'goodbye': {
        const { reason, expectedBackMs } = frame.value;
        return { kind: 'goodbye', reason: readGoodbyeReason(reason), expectedBackMs };
      }
      case 'tunnelRequest':
        return { kind: 'tunnel-request', wish: readTunnelWish(frame.value) };
      case 'hello':
        throw new BrambleError('invalid-argument', 'Hello comes once');
      case undefined:
        this.#deps.counters.add('frames_unknown_total'); // of a newer agent
        return undefined;
    }
  }

  #report(report: Report): FromAgent | undefined {
    if (this.#awaitsFullReport && !report.full) {
      this.#deps.counters.add('reports_out_of_step_total');
      return undefined;
    }
    this.#decoder ??= new SeriesDecoder(this.#deps.strings);
    try {
      const decoded = this.#decoder.decode(report);
      this.#awaitsFullReport = false;
      return { kind: 'report', report: decoded };
    } catch (thrown) {
      if (BrambleError.from(thrown).code !== 'data-loss') throw thrown;
      this.#awaitsFullReport = true;
      this.#deps.counters.add('resyncs_total');
      this.send({ kind: 'resync' });
      return undefined;
    }
  }

  /**
   * Whoever sends faster than agreed is read more slowly: nothing is lost, the transport's window fills, and the sender
   * sees that it does. Who keeps pushing all the same is closed.
   */
  #throttle(bucket: TokenBucket): void {
    const { clock, counters, limits } = this.#deps;
    const waitMs = bucket.takeOnCredit(clock.monotonicMs());
    if (waitMs === 0) {
      this.#waitsInARow = 0;
      return;
    }
    counters.add('frames_throttled_total');
    this.#waitsInARow += 1;
    if (this.#waitsInARow > limits.waitsInARowMax) {
      counters.add('offenders_closed_total');
      this.close('over-limit', 'too many frames for too long');
      return;
    }
    this.#pause(waitMs);
  }

  /** Events, lines of logs among them, give way to what else goes over the site's uplink. */
  #makeRoom(eventsCount: number): void {
    const { site } = this.#caller.peer;
    const waitMs = this.#deps.uplinks.bulkWaitMs(site, 'events', eventsCount * EVENT_BYTES);
    if (waitMs > 0 && this.#phase === 'open') this.#pause(Math.min(waitMs, EVENTS_WAIT_MS_MAX));
  }

  #pause(waitMs: number): void {
    this.#call.pause();
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.timers.after(waitMs, () => {
      if (this.#phase === 'open') this.#call.resume();
    });
  }

  #fail(thrown: unknown): void {
    if (this.#phase === 'ending') return;
    const status = this.#deps.edge.failed(this.#call, thrown);
    // How grpc-js takes the status of a stream; its own listener is there, so nothing is thrown.
    this.#end(() => this.#call.emit('error', status));
  }

  #end(say: () => void): void {
    this.#cancelTimer();
    this.#phase = 'ending';
    this.#call.resume(); // whatever else arrives is read and dropped, else its end would never be seen
    this.#cancelTimer = this.#deps.timers.after(this.#deps.limits.endWithinMs, () => {
      this.#deps.counters.add('connections_destroyed_total');
      this.#caller.session.destroy();
    });
    say();
  }

  #closed(): void {
    this.#cancelTimer();
    this.#phase = 'ending';
    this.#isClosed = true;
    this.#session?.closed();
  }
}
