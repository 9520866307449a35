import type { CommandRecord } from '../domain/command.js';
import type { AgentEvent } from '../domain/event.js';
import { fleetEventOf, happenedAtMs, tellAgentEvent } from './agent-event-words.js';
import type { BoardName, Boards } from './boards.js';
import type { Counters } from './counters.js';
import { isStoreTrouble } from './journal.js';
import type { Store, StoreWriter, World } from './ports.js';
import type { Session } from './session.js';
import { settleCommand } from './settle-command.js';

const BATCH_MAX = 256;
/** Events of one stream that wait for their commit; agents keep far fewer unacknowledged on the way. */
const WAITING_PER_SESSION_MAX = 1_024;
const RETRY_FIRST_MS = 1_000;
const RETRY_MAX_MS = 30_000;
const BOOT_ID_MAX_CHARACTERS = 64;

interface Queue {
  readonly waiting: AgentEvent[];
  isCommitting: boolean;
  retryMs: number;
  cancelRetry: (() => void) | undefined;
}

interface Committed {
  readonly storedCount: number;
  readonly changedCommands: readonly ChangedCommand[];
}

interface ChangedCommand {
  readonly record: CommandRecord;
  /** When its node did that, by our wall clock; `undefined` = in another boot. */
  readonly atMs: number | undefined;
}

/**
 * Stores what agents tell, then acknowledges: an acknowledged event is on disk. What cannot be committed is not
 * acknowledged; it is tried again while the stream lives, and sent again by the agent afterwards.
 */
export class EventCommitter {
  readonly #store: Store;
  readonly #world: World;
  readonly #counters: Counters;
  readonly #boards: Boards;
  readonly #onCommitted: (commands: readonly CommandRecord[]) => void;
  readonly #queues = new Map<Session, Queue>();
  readonly #draining = new Set<Promise<void>>();

  constructor(deps: {
    readonly store: Store;
    readonly world: World;
    readonly counters: Counters;
    readonly boards: Boards;
    /** Told after each commit which commands it changed. */
    readonly onCommitted: (commands: readonly CommandRecord[]) => void;
  }) {
    this.#store = deps.store;
    this.#world = deps.world;
    this.#counters = deps.counters;
    this.#boards = deps.boards;
    this.#onCommitted = deps.onCommitted;
  }

  get waitingCount(): number {
    let count = 0;
    for (const { waiting } of this.#queues.values()) count += waiting.length;
    return count;
  }

  add(session: Session, events: readonly AgentEvent[]): void {
    const queue = this.#queues.get(session) ?? {
      waiting: [],
      isCommitting: false,
      retryMs: RETRY_FIRST_MS,
      cancelRetry: undefined,
    };
    this.#queues.set(session, queue);
    if (queue.waiting.length + events.length > WAITING_PER_SESSION_MAX) {
      this.#counters.add('event_queues_over_limit_total');
      session.close('over-limit', `more than ${WAITING_PER_SESSION_MAX} events wait to be stored`);
      return;
    }
    for (const event of events) queue.waiting.push(event);
    if (!queue.isCommitting && queue.cancelRetry === undefined) this.#start(session, queue);
  }

  /** The stream is over: what was not committed is the agent's to send again. */
  forget(session: Session): void {
    const queue = this.#queues.get(session);
    queue?.cancelRetry?.();
    queue?.waiting.splice(0);
    this.#queues.delete(session);
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await Promise.all(this.#draining);
  }

  #start(session: Session, queue: Queue): void {
    const draining = this.#drain(session, queue).finally(() => this.#draining.delete(draining));
    this.#draining.add(draining);
  }

  async #drain(session: Session, queue: Queue): Promise<void> {
    queue.isCommitting = true;
    while (queue.waiting.length > 0) {
      const batch = queue.waiting.slice(0, BATCH_MAX);
      try {
        await this.#commitWhatCanBe(session, batch);
      } catch (thrown) {
        this.#retryLater(session, queue, thrown);
        break;
      }
      queue.retryMs = RETRY_FIRST_MS;
      queue.waiting.splice(0, batch.length);
      const throughSequence = batch.at(-1)?.sequence ?? 0;
      if (!session.isOver) session.connection.send({ kind: 'event-ack', throughSequence });
    }
    queue.isCommitting = false;
    if (queue.waiting.length === 0) this.#queues.delete(session);
  }

  async #commitWhatCanBe(session: Session, batch: readonly AgentEvent[]): Promise<void> {
    try {
      await this.#commit(session, batch);
    } catch (thrown) {
      if (isStoreTrouble(thrown)) throw thrown;
      for (const event of batch) await this.#commitAlone(session, event);
    }
  }

  /** An event that cannot be stored for a reason of its own is stored as unknown: it must not block what follows it. */
  async #commitAlone(session: Session, event: AgentEvent): Promise<void> {
    try {
      await this.#commit(session, [event]);
    } catch (thrown) {
      if (isStoreTrouble(thrown)) throw thrown;
      this.#counters.add('events_poison_total');
      const { nodeId } = session.connection.peer;
      this.#world.log.error(
        { err: thrown, nodeId, sequence: event.sequence, kind: event.what.kind },
        'event kept as unknown',
      );
      await this.#commit(session, [harmless(event)]);
    }
  }

  async #commit(session: Session, batch: readonly AgentEvent[]): Promise<void> {
    const nowMs = this.#world.clock.nowMs();
    const { storedCount, changedCommands } = await this.#store.transact(async (writer) => {
      const changed: ChangedCommand[] = [];
      let stored = 0;
      for (const event of batch) {
        const result = await this.#storeOne(writer, session, event, nowMs);
        if (result === 'known') continue;
        stored += 1;
        const { bootId, bootedAtMs } = session.entry;
        const atMs = happenedAtMs(event, { nowMs, bootId, bootedAtMs });
        if (result.command !== undefined) changed.push({ record: result.command, atMs });
      }
      return { storedCount: stored, changedCommands: changed } satisfies Committed;
    });
    this.#counters.add('events_committed_total', storedCount);
    this.#counters.add('events_known_total', batch.length - storedCount);
    for (const { what } of batch) {
      if (what.kind === 'board-boot') this.#boards.told(session.entry, what.record);
    }
    for (const { record, atMs } of changedCommands) {
      const port = portSwitchedOn(record);
      if (port !== undefined && atMs !== undefined) this.#boards.switchedOn(session.entry, port, atMs);
    }
    this.#onCommitted(changedCommands.map(({ record }) => record));
  }

  async #storeOne(
    writer: StoreWriter,
    { entry }: Session,
    event: AgentEvent,
    nowMs: number,
  ): Promise<'known' | { readonly command: CommandRecord | undefined }> {
    const nodeId = entry.node.id;
    const kept = { ...event, bootId: event.bootId.slice(0, BOOT_ID_MAX_CHARACTERS) };
    if (!(await writer.addAgentEvent(nodeId, kept, nowMs))) return 'known';
    const settled =
      event.what.kind === 'command-update' ? await settleCommand(writer, nodeId, event.what.update, nowMs) : undefined;
    const { what } = event;
    const isOld =
      what.kind === 'board-boot' && what.trouble === 'boot-loop' && this.#boards.isKnownLoop(entry, what.record);
    const words = settled !== undefined ? settled.told : isOld ? undefined : tellAgentEvent(event);
    if (words !== undefined) {
      const when = { nowMs, bootId: entry.bootId, bootedAtMs: entry.bootedAtMs };
      const about = aboutBoard(event.what);
      const subject = (about && this.#boards.nodeOf(entry, about)) ?? nodeId;
      await writer.addFleetEvent(fleetEventOf(subject, event, words, when));
    }
    return { command: settled?.record };
  }

  #retryLater(session: Session, queue: Queue, thrown: unknown): void {
    this.#counters.add('event_commit_failures_total');
    const { nodeId } = session.connection.peer;
    this.#world.log.warn(
      { err: thrown, nodeId, waiting: queue.waiting.length },
      'events wait: they could not be stored',
    );
    if (session.isOver) return;
    queue.cancelRetry = this.#world.timers.after(queue.retryMs, () => {
      queue.cancelRetry = undefined;
      this.#start(session, queue);
    });
    queue.retryMs = Math.min(queue.retryMs * 2, RETRY_MAX_MS);
  }
}

/** The port that a command has given power; `undefined` = none, or not yet. */
function portSwitchedOn({ state, action }: CommandRecord): string | undefined {
  return state === 'succeeded' && action.kind === 'switch-power' && action.action !== 'off' ? action.port : undefined;
}

/** The board that an event is about, whoever tells it. */
function aboutBoard(what: AgentEvent['what']): BoardName | undefined {
  if (what.kind === 'board-boot') return what.record;
  return what.kind === 'netconsole-lines' ? { mac: what.mac, serial: '', address: what.address } : undefined;
}

/** What identifies the event, and nothing of its own that a store could stumble over. */
function harmless({ bootId, sequence, uptimeMs, wallClockMs }: AgentEvent): AgentEvent {
  const safe = (ms: number): number => (Number.isSafeInteger(ms) ? ms : 0);
  return { bootId, sequence, uptimeMs: safe(uptimeMs), wallClockMs: safe(wallClockMs), what: { kind: 'unknown' } };
}
