import type { ServerResponse } from 'node:http';
import { BrambleError } from '../../proto/contract/errors.js';
import type { ScopedFleet } from '../usecases/access/scoped-fleet.js';
import type { FleetApi } from '../usecases/api.js';
import type { Log, Timers } from '../usecases/ports.js';
import { makeFrames, StreamClient } from './stream-client.js';

/** People and tools that watch at once; the page of one operator is one. */
export const STREAM_CLIENTS_MAX = 64;
/** Below the 30 s after which common proxies give up on a silent answer. */
const BEAT_INTERVAL_MS = 15_000;

const SITE_DELETED = 'SiteDeleted';

/** What a reader wants. */
export interface StreamPlace {
  readonly afterId: number | undefined;
  readonly eventsOnly: boolean;
}

/** Who follows a stream. */
export interface Viewer {
  readonly fleet: Pick<ScopedFleet, 'nodes' | 'events' | 'eventsAfter' | 'eventsPrunedThrough' | 'sees' | 'seesAll'>;
  readonly account: string;
  /** Asked with every beat: sessions end, tokens expire. Asking counts as a sign of life of the session. */
  readonly isStillIn: () => Promise<boolean>;
}

/** All open event streams of a controller: one subscription to the fleet, any number of readers up to the limit. */
export class EventStreams {
  readonly #fleet: FleetApi;
  readonly #timers: Timers;
  readonly #nowMs: () => number;
  readonly #log: Log;
  readonly #clients = new Map<StreamClient, Viewer>();
  readonly #frames = makeFrames();
  #stopWatching: () => void = () => undefined;
  #stopBeat: () => void = () => undefined;

  constructor(options: {
    readonly fleet: FleetApi;
    readonly timers: Timers;
    readonly nowMs: () => number;
    readonly log: Log;
  }) {
    this.#fleet = options.fleet;
    this.#timers = options.timers;
    this.#nowMs = options.nowMs;
    this.#log = options.log;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  start(): void {
    this.#stopWatching = this.#fleet.watch((change) => {
      for (const [client, { fleet }] of this.#clients) if (fleet.sees(change)) client.push(change);
      if (change.kind === 'event' && change.event.reason === SITE_DELETED) this.#endLimited();
    });
    this.#scheduleBeat();
  }

  /** @throws BrambleError `resource-exhausted`; call it before the answer has begun */
  assertRoom(): void {
    if (this.#clients.size < STREAM_CLIENTS_MAX) return;
    throw new BrambleError('resource-exhausted', `${STREAM_CLIENTS_MAX} readers follow the event stream already`, {
      hint: 'close a page that is not needed, and try again',
    });
  }

  /** Serves one reader on an answer whose headers are written. */
  open(out: ServerResponse, from: StreamPlace, viewer: Viewer): void {
    const { fleet } = viewer;
    const client = new StreamClient(out, { ...from, fleet, nowMs: this.#nowMs, frames: this.#frames });
    this.#clients.set(client, viewer);
    out.on('close', () => {
      this.#clients.delete(client);
    });
    out.on('error', () => undefined); // the reader is gone; 'close' follows
    client.run().catch((thrown: unknown) => {
      this.#log.warn({ err: BrambleError.from(thrown) }, 'event stream ended');
      out.destroy();
    });
  }

  stop(): void {
    this.#stopWatching();
    this.#stopBeat();
    for (const client of this.#clients.keys()) client.end();
  }

  /** The rights of an account have changed: it comes back with the new ones, if it still may. */
  endOf(account: string): void {
    for (const [client, viewer] of this.#clients) if (viewer.account === account) client.end();
  }

  /** Rights at the site are gone, and its name may be given anew: who has it in their grants comes back without it. */
  #endLimited(): void {
    for (const [client, { fleet }] of this.#clients) if (!fleet.seesAll()) client.end();
  }

  async #beat(client: StreamClient, viewer: Viewer): Promise<void> {
    if (await viewer.isStillIn()) client.beat();
    else client.end();
  }

  #scheduleBeat(): void {
    this.#stopBeat = this.#timers.after(BEAT_INTERVAL_MS, () => {
      for (const [client, viewer] of this.#clients) void this.#beat(client, viewer);
      this.#scheduleBeat();
    });
  }
}
