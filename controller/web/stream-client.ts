import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { EventView, NodeView } from '../../proto/contract/api/fleet.js';
import type { FleetApi, FleetChange } from '../usecases/api.js';
import { makeNodeRenderer } from './node-json.js';

/** A client that has this much unread is cut; it comes back with Last-Event-ID and loses no event. */
export const STREAM_BUFFER_BYTES_MAX = 256 * 1024;

/** Events that may wait in memory while a client is still catching up; beyond it they are read from the store again. */
const WAITING_EVENTS_MAX = 1_000;
/** What one turn of the event loop brings is written together; at this length it is written at once. */
const TURN_CHARACTERS_MAX = 32 * 1024;
/** A reader that takes nothing for so many beats while it catches up is cut: it would hold its place for ever. */
const STUCK_BEATS_MAX = 3;
const NODES_PER_CHUNK = 100;
const EVENTS_PER_PAGE = 200;

export interface StreamStart {
  readonly fleet: Pick<FleetApi, 'nodes' | 'events' | 'eventsAfter' | 'eventsPrunedThrough'>;
  readonly nowMs: () => number;
  /** Send the events after this one; `undefined` = only new ones. */
  readonly afterId: number | undefined;
  /** Events and nothing of nodes. */
  readonly eventsOnly: boolean;
  readonly frames: StreamFrames;
}

/** Text of what goes to many readers, rendered once. */
export interface StreamFrames {
  readonly renderNode: (node: NodeView) => string;
  readonly renderEvent: (event: EventView) => string;
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
  #turn = '';
  #isFlushing = false;
  #stuckBeats = 0;

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
    if (!this.#start.eventsOnly) await this.#sendNodes();
    await this.#chooseCursor();
    while (this.#waitingNodes.size > NODES_PER_CHUNK && !this.closed) {
      this.#writeWaitingNodes();
      this.#flush();
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
    if (change.kind === 'node' && this.#start.eventsOnly) return;
    if (this.#live) {
      if (change.kind === 'node') this.#writeNode(change.node);
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
    else this.#cutWhenStuck();
  }

  end(): void {
    this.#flush();
    this.#out.end();
  }

  async #sendNodes(): Promise<void> {
    const nodes = this.#start.fleet.nodes();
    for (let from = 0; from < nodes.length && !this.closed; from += NODES_PER_CHUNK) {
      const chunk = nodes.slice(from, from + NODES_PER_CHUNK).map(this.#start.frames.renderNode);
      await this.#writeAndWait(`event: nodes\ndata: [${chunk.join(',')}]\n\n`);
      await nextTurn(); // agents' reports come before a page of ten thousand nodes
    }
  }

  #writeWaitingNodes(): void {
    for (const node of this.#waitingNodes.values()) this.#writeNode(node);
    this.#waitingNodes.clear();
  }

  async #chooseCursor(): Promise<void> {
    const { fleet, afterId } = this.#start;
    const newest = (await fleet.events({ limit: 1 })).items[0]?.id ?? 0;
    this.#cursor = afterId ?? newest;
    const isKnown = this.#cursor <= newest || this.#waitingEvents.some((event) => event.id >= this.#cursor);
    if (!isKnown) {
      // The reader knows events that this controller does not: its database is an older one.
      await this.#reset('unknown', newest, newest);
      return;
    }
    // 0 is no event: who asks from the beginning wants what there is.
    const prunedThrough = this.#cursor === 0 ? 0 : await fleet.eventsPrunedThrough();
    if (this.#cursor < prunedThrough) await this.#reset('pruned', prunedThrough, Math.max(newest, prunedThrough));
  }

  /** Says that events were missed for good, and where the stream goes on instead. */
  async #reset(reason: 'unknown' | 'pruned', cursor: number, newestId: number): Promise<void> {
    this.#cursor = cursor;
    await this.#writeAndWait(`id: ${cursor}\n${frame('reset', { reason, afterId: cursor, newestId })}`);
  }

  /** Pages until the store has no more; events committed after its last answer are among the waiting ones. */
  async #sendMissedEvents(): Promise<void> {
    while (!this.closed) {
      const page = await this.#start.fleet.eventsAfter(this.#cursor, EVENTS_PER_PAGE);
      for (const event of page) this.#sendEvent(event);
      this.#flush();
      if (page.length > 0) await this.#drained();
      else if (this.#waitingOverflowed) this.#waitingOverflowed = false;
      else return;
    }
  }

  #sendEvent(event: EventView): void {
    if (event.id <= this.#cursor) return;
    this.#cursor = event.id;
    this.#write(this.#start.frames.renderEvent(event));
  }

  #writeNode(node: NodeView): void {
    this.#write(`event: node\ndata: ${this.#start.frames.renderNode(node)}\n\n`);
  }

  #write(text: string): void {
    if (this.closed) return;
    this.#turn += text;
    if (this.#turn.length > TURN_CHARACTERS_MAX) {
      this.#flush();
    } else if (!this.#isFlushing) {
      this.#isFlushing = true;
      setImmediate(() => {
        this.#isFlushing = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    const text = this.#turn;
    this.#turn = '';
    if (text === '' || this.closed) return;
    this.#out.write(text);
    if (this.#live && this.#out.writableLength > STREAM_BUFFER_BYTES_MAX) this.#out.destroy();
  }

  #cutWhenStuck(): void {
    this.#stuckBeats = this.#out.writableNeedDrain ? this.#stuckBeats + 1 : 0;
    if (this.#stuckBeats >= STUCK_BEATS_MAX) this.#out.destroy();
  }

  async #writeAndWait(text: string): Promise<void> {
    this.#write(text);
    this.#flush();
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

/** Frames for as many readers as there are; a change is the same object for all of them. */
export function makeFrames(): StreamFrames {
  const events = new WeakMap<EventView, string>();
  return {
    renderNode: makeNodeRenderer(),
    renderEvent: (event) => {
      let text = events.get(event);
      if (text === undefined) {
        text = `id: ${event.id}\n${frame('event', event)}`;
        events.set(event, text);
      }
      return text;
    },
  };
}

/** JSON has no raw line breaks, so one data line always suffices. */
function frame(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
