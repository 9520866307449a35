import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventView, NodeView } from '../../proto/contract/api/fleet.js';
import type { FleetApi, FleetChange } from '../usecases/api.js';

/** A client that has this much unread is cut; it comes back with Last-Event-ID and loses no event. */
export const STREAM_BUFFER_BYTES_MAX = 256 * 1024;

/** Events that may wait in memory while a client is still catching up; beyond it they are read from the store again. */
const WAITING_EVENTS_MAX = 1_000;
const NODES_PER_CHUNK = 100;
const EVENTS_PER_PAGE = 200;

export interface StreamStart {
  readonly fleet: Pick<FleetApi, 'nodes' | 'events' | 'eventsAfter'>;
  readonly nowMs: () => number;
  /** Send the events after this one; `undefined` = only new ones. */
  readonly afterId: number | undefined;
}

/**
 * One reader of the event stream. Order of what it gets: every node, the events that it missed, `live`, then each change
 * as it happens. Until `live` changes wait here: of a node only the newest, of events those that the store may not have
 * given yet. Invariant: `#cursor` is the id of the newest event sent, so that nothing is sent twice or left out.
 */
export class StreamClient {
  readonly #out: ServerResponse;
  readonly #start: StreamStart;
  readonly #waitingNodes = new Map<string, NodeView>();
  #waitingEvents: EventView[] = [];
  #waitingOverflowed = false;
  #live = false;
  #cursor = 0;

  constructor(out: ServerResponse, start: StreamStart) {
    this.#out = out;
    this.#start = start;
  }

  get closed(): boolean {
    return this.#out.destroyed || this.#out.writableEnded;
  }

  /** Resolves once the stream is live or gone. */
  async run(): Promise<void> {
    this.#out.write('retry: 2000\n\n');
    await this.#sendNodes();
    await this.#chooseCursor();
    while (this.#waitingNodes.size > NODES_PER_CHUNK && !this.closed) {
      this.#writeWaitingNodes();
      await this.#drained();
    }
    await this.#sendMissedEvents();
    if (this.closed) return;
    // From here to `live` nothing waits, so no change can come in between.
    for (const event of this.#waitingEvents) this.#sendEvent(event);
    this.#waitingEvents = [];
    this.#writeWaitingNodes();
    this.#live = true;
    this.#write(frame('live', { nowMs: this.#start.nowMs() }));
  }

  push(change: FleetChange): void {
    if (this.#live) {
      if (change.kind === 'node') this.#write(frame('node', change.node));
      else this.#sendEvent(change.event);
      return;
    }
    if (change.kind === 'node') {
      this.#waitingNodes.set(change.node.id, change.node);
    } else if (this.#waitingEvents.length < WAITING_EVENTS_MAX) {
      this.#waitingEvents.push(change.event);
    } else {
      this.#waitingEvents = [];
      this.#waitingOverflowed = true;
    }
  }

  /** Keeps proxies and the reader awake; the comment alone would not reach a page's code. */
  beat(): void {
    if (this.#live) this.#write(`: beat\n${frame('beat', { nowMs: this.#start.nowMs() })}`);
  }

  end(): void {
    this.#out.end();
  }

  async #sendNodes(): Promise<void> {
    const nodes = this.#start.fleet.nodes();
    for (let from = 0; from < nodes.length && !this.closed; from += NODES_PER_CHUNK) {
      await this.#writeAndWait(frame('nodes', nodes.slice(from, from + NODES_PER_CHUNK)));
      await nextTurn(); // agents' reports come before a page of ten thousand nodes
    }
  }

  #writeWaitingNodes(): void {
    for (const node of this.#waitingNodes.values()) this.#write(frame('node', node));
    this.#waitingNodes.clear();
  }

  async #chooseCursor(): Promise<void> {
    const { fleet, afterId } = this.#start;
    const newest = (await fleet.events({ nodeId: undefined, limit: 1 }))[0]?.id ?? 0;
    this.#cursor = afterId ?? newest;
    if (this.#cursor <= newest || this.#waitingEvents.some((event) => event.id >= this.#cursor)) return;
    // The reader knows events that this controller does not: its database is an older one.
    this.#cursor = newest;
    await this.#writeAndWait(frame('reset', { newestId: newest }));
  }

  /** Pages until the store has no more; events committed after its last answer are among the waiting ones. */
  async #sendMissedEvents(): Promise<void> {
    while (!this.closed) {
      const page = await this.#start.fleet.eventsAfter(this.#cursor, EVENTS_PER_PAGE);
      for (const event of page) this.#sendEvent(event);
      if (page.length > 0) await this.#drained();
      else if (this.#waitingOverflowed) this.#waitingOverflowed = false;
      else return;
    }
  }

  #sendEvent(event: EventView): void {
    if (event.id <= this.#cursor) return;
    this.#cursor = event.id;
    this.#write(`id: ${event.id}\n${frame('event', event)}`);
  }

  #write(text: string): void {
    if (this.closed) return;
    this.#out.write(text);
    if (this.#live && this.#out.writableLength > STREAM_BUFFER_BYTES_MAX) this.#out.destroy();
  }

  async #writeAndWait(text: string): Promise<void> {
    this.#write(text);
    await this.#drained();
  }

  async #drained(): Promise<void> {
    if (this.closed || !this.#out.writableNeedDrain) return;
    const settled = new AbortController();
    const { signal } = settled;
    await Promise.race([once(this.#out, 'drain', { signal }), once(this.#out, 'close', { signal })]).finally(() => {
      settled.abort();
    });
  }
}

/** JSON has no raw line breaks, so one data line always suffices. */
function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
