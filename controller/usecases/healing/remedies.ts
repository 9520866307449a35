import { BrambleError } from '../../../proto/contract/errors.js';
import { commandId as parseCommandId } from '../../../proto/contract/ids.js';
import { NOTHING_REPAIRED } from '../../../proto/contract/netboot/repair.js';
import { refusedForBoot } from '../../../proto/contract/other-boot.js';
import { visible } from '../../../proto/contract/visible.js';
import { HEALING } from '../../domain/access/actor.js';
import type { CommandRecord } from '../../domain/command.js';
import { type Action, type ActionSight, type ActionState, isOver } from '../../domain/healing/action.js';
import { LADDER } from '../../domain/healing/ladder.js';
import type { FleetMap } from '../../domain/topology/fleet-map.js';
import type { Commands } from '../commands.js';
import type { Counters } from '../counters.js';
import { carryOut, type Prepared } from '../mutation.js';
import type { Store, StoreWriter, World } from '../ports.js';
import type { Provisioning } from '../provisioning/provisioning.js';
import type { SagaAsk } from '../provisioning/start.js';
import type { ActionRecord } from './ports.js';
import { type Agents, commandFor, type RemedyCommand, sagaFor } from './remedy-commands.js';
import { repairFor } from './repair-commands.js';
import type { SteadyClock } from './steady-clock.js';

/** An actuator that is not reached within this time is given up. */
const DISPATCH_WITHIN_MS = 60_000;
/** An outcome that nobody ever told counts as a failure after this long, so that it does not block its node for ever. */
const UNKNOWN_FOR_MS = 24 * 3_600_000;
/** The planner looks at ended ones in its next pass; the others are for people. */
const ENDED_KEPT_MS = 3_600_000;

/** Before the id of what provisioning does for an act. */
const SAGA = 'saga ';

interface RemedyDeps {
  readonly store: Store;
  readonly world: Pick<World, 'log'>;
  readonly clock: SteadyClock;
  readonly counters: Counters;
  readonly commands: Pick<Commands, 'issueIn'>;
  readonly sagas: Pick<Provisioning, 'startIn' | 'get'>;
  readonly agentsOf: (node: number) => Agents;
  /** Why it must not be begun any more: a hold, a recovery. Asked in the turn in which it is sent. */
  readonly hindrance: (action: ActionRecord, node: number) => string | undefined;
  readonly onCommitted: () => void;
}

/**
 * Acts of healing, from the plan to their end. An act is on record before anything is sent, is sent as a command of the same
 * transaction that says so, and ends exactly once, by what the ledger of its actuator told.
 */
export class Remedies {
  readonly #deps: RemedyDeps;
  readonly #kept = new Map<string, ActionRecord>();
  readonly #poweredOnAtMs = new Map<string, number>();
  readonly #dispatching = new Set<string>();

  constructor(deps: RemedyDeps) {
    this.#deps = deps;
  }

  /** Times of stored records are of the wall clock; here all are monotonic. */
  async load(): Promise<void> {
    const { store, clock } = this.#deps;
    for (const record of await store.reader.healing.openActions()) {
      const times = { plannedAtMs: clock.monotonicOf(record.plannedAtMs), atMs: clock.monotonicOf(record.atMs) };
      this.#kept.set(record.id, { ...record, ...times });
    }
  }

  /** Those that are open, and those that ended a short while ago. */
  sights(map: FleetMap): readonly ActionSight[] {
    return [...this.#kept.values()].flatMap(({ commandId: _command, detail: _detail, ...sight }) => {
      const node = map.nodeByName.get(sight.name)?.index;
      return node === undefined ? [] : [{ ...sight, node }];
    });
  }

  /** Open ones, and those that ended a short while ago. */
  all(): readonly ActionRecord[] {
    return [...this.#kept.values()];
  }

  open(): readonly ActionRecord[] {
    return [...this.#kept.values()].filter(({ state }) => !isOver(state));
  }

  /** When one of ours gave it power last. */
  poweredOnAtMs(name: string): number | undefined {
    return this.#poweredOnAtMs.get(name);
  }

  /** As people see its times. */
  stored(record: ActionRecord): ActionRecord {
    const { clock } = this.#deps;
    return { ...record, plannedAtMs: clock.wallOf(record.plannedAtMs), atMs: clock.wallOf(record.atMs) };
  }

  /** Writes what was planned; nothing is sent before that is committed. */
  async planIn(writer: StoreWriter, starts: readonly Action[]): Promise<readonly ActionRecord[]> {
    const records = starts.map(({ node: _node, ...action }): ActionRecord => {
      const fresh = { state: 'queued', atMs: action.plannedAtMs, changed: false, commandId: '', detail: '' } as const;
      return { ...action, ...fresh };
    });
    for (const record of records) await writer.healing.putAction(this.stored(record));
    return records;
  }

  planned(records: readonly ActionRecord[]): void {
    for (const record of records) this.#kept.set(record.id, record);
  }

  /** Ends what was not sent yet. @returns whether it was still here to end */
  async cancel(id: string, why: string): Promise<boolean> {
    const record = this.#kept.get(id);
    if (record?.state !== 'queued' || this.#dispatching.has(id)) return false;
    await this.#become(record, 'cancelled', why);
    return true;
  }

  /** Sends what is queued, and asks how the others are. To be called often. */
  async work(map: FleetMap): Promise<void> {
    for (const record of [...this.#kept.values()]) {
      const node = map.nodeByName.get(record.name)?.index;
      if (record.state === 'queued') await this.#dispatch(record, node, map);
      else if (record.state === 'running' || record.state === 'unknown') await this.#settle(record);
      else if (this.#deps.clock.nowMs() - record.atMs > ENDED_KEPT_MS) this.#kept.delete(record.id);
    }
  }

  async #dispatch(record: ActionRecord, index: number | undefined, map: FleetMap): Promise<void> {
    const { clock } = this.#deps;
    const node = index === undefined ? undefined : map.nodes[index];
    if (node === undefined || index === undefined) {
      await this.#become(record, 'cancelled', 'its node is not in the topology any more');
      return;
    }
    const hindrance = this.#deps.hindrance(record, index);
    if (hindrance !== undefined) {
      await this.#become(record, 'cancelled', hindrance);
      return;
    }
    const ask = sagaFor(record);
    if (ask !== undefined) return await this.#provision(record, ask);
    const agents = this.#deps.agentsOf(index);
    const repair = record.rung === 'R1' ? repairFor(record, agents) : undefined;
    const command = repair ?? commandFor(record, node, agents);
    const isReached = command?.entry.session !== undefined;
    if (command !== undefined && isReached) await this.#issue(record, command);
    else if (clock.nowMs() - record.plannedAtMs >= DISPATCH_WITHIN_MS) {
      const why =
        command === undefined ? 'nobody is there who could do it' : `${command.entry.node.name} is not connected`;
      await this.#become(record, 'failed', why);
    }
  }

  async #issue(record: ActionRecord, { entry, action, validForMs }: RemedyCommand): Promise<void> {
    const title = record.rung === 'admit' ? 'let it boot' : LADDER[record.rung].title;
    const reason = `healing ${record.id} of ${record.name}: ${title}`;
    await this.#begin(record, async (writer) => {
      const create = { action, reason, validForMs };
      const prepared = await this.#deps.commands.issueIn(writer, entry.node.id, create, HEALING);
      return { ...prepared, id: prepared.record.id };
    });
  }

  async #provision(record: ActionRecord, ask: SagaAsk): Promise<void> {
    await this.#begin(record, async (writer) => {
      const prepared = await this.#deps.sagas.startIn(writer, ask, HEALING);
      return { ...prepared, id: `${SAGA}${prepared.saga.id}` };
    });
  }

  /** The order and what it is for are one transaction: a crash leaves both or none. */
  async #begin(
    record: ActionRecord,
    order: (writer: StoreWriter) => Promise<Prepared<unknown> & { readonly id: string }>,
  ): Promise<void> {
    const { store, counters, onCommitted, clock, world } = this.#deps;
    this.#dispatching.add(record.id);
    try {
      await carryOut(store, async (writer) => {
        const prepared = await order(writer);
        const running = { ...record, state: 'running', atMs: clock.nowMs(), commandId: prepared.id } as const;
        await writer.healing.putAction(this.stored(running));
        return {
          ...prepared,
          committed: async () => {
            this.#kept.set(record.id, running);
            await prepared.committed();
          },
        };
      });
      counters.add('healing_actions_total');
      onCommitted();
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      world.log.warn({ err: thrown, action: record.id }, 'an act of healing could not be ordered');
      if (error.code !== 'unavailable') await this.#become(record, 'failed', error.message);
    } finally {
      this.#dispatching.delete(record.id);
    }
  }

  async #settle(record: ActionRecord): Promise<void> {
    const { store, clock } = this.#deps;
    if (record.commandId.startsWith(SAGA)) return await this.#settleSaga(record);
    const command = await store.reader.command(parseCommandId(record.commandId));
    const isForgotten = record.state === 'unknown' && clock.nowMs() - record.atMs > UNKNOWN_FOR_MS;
    if (command === undefined || isForgotten) {
      await this.#become(record, 'failed', 'nobody ever told what became of it');
      return;
    }
    const state = stateOf(command);
    if (state === record.state) return;
    await this.#become(record, state, command.detail, !command.detail.includes(NOTHING_REPAIRED));
  }

  async #settleSaga(record: ActionRecord): Promise<void> {
    const saga = await this.#deps.sagas.get(record.commandId.slice(SAGA.length));
    if (saga?.state === 'running') return;
    const isDone = saga?.state === 'succeeded';
    await this.#become(record, isDone ? 'succeeded' : 'failed', saga?.why ?? 'it is not on record any more', isDone);
  }

  async #become(record: ActionRecord, state: ActionState, detail: string, changed = false): Promise<void> {
    const { store, clock, counters, onCommitted } = this.#deps;
    const next: ActionRecord = { ...record, state, atMs: clock.nowMs(), detail: visible(detail, 500), changed };
    await store.transact(async (writer) => {
      await writer.healing.putAction(this.stored(next));
    });
    this.#kept.set(record.id, next);
    if (state === 'succeeded' || state === 'failed' || state === 'cancelled')
      counters.add(`healing_actions_${state}_total`);
    const isBoot = record.rung === 'admit' || LADDER[record.rung].boots;
    if (state === 'succeeded' && isBoot) this.#poweredOnAtMs.set(record.name, next.atMs);
    onCommitted();
  }
}

/** It came too late, or its machine has booted meanwhile: nothing was done, and it may be decided on anew. */
function isOutdated({ rejection, detail, bootId }: CommandRecord): boolean {
  return rejection === 'expired' || (rejection === 'precondition' && detail.startsWith(refusedForBoot(bootId)));
}

function stateOf(command: CommandRecord): ActionState {
  switch (command.state) {
    case 'succeeded':
      return 'succeeded';
    case 'rejected':
      return isOutdated(command) ? 'cancelled' : 'failed';
    case 'failed':
      return 'failed';
    case 'lapsed': // nobody took it up: as though it had never been ordered
      return 'cancelled';
    case 'unknown':
      return 'unknown';
    case 'issued':
    case 'dispatched':
    case 'accepted':
    case 'started':
      return 'running';
  }
}
