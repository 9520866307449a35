import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import type { Hold } from '../../domain/healing/desired.js';
import type { NodeSight } from '../../domain/healing/observed.js';
import {
  type Advance,
  advance,
  cursor,
  mayGoBack,
  type Order,
  type SagaSight,
  termsAt,
} from '../../domain/provisioning/advance.js';
import { deedOf } from '../../domain/provisioning/orders.js';
import { isSagaOver, type Saga } from '../../domain/provisioning/saga.js';
import type { NodeRecord } from '../../domain/topology/records.js';
import type { CommandHold } from '../command-hold.js';
import type { Counters } from '../counters.js';
import { fileserverSight } from '../healing/evidence/fileserver-sights.js';
import type { SteadyClock } from '../healing/steady-clock.js';
import { carryOut, type Prepared } from '../mutation.js';
import type { Store, StoreReader, StoreWriter, World } from '../ports.js';
import { Abilities } from './abilities.js';
import { absence, agentsFor } from './agents.js';
import type { Begun } from './begun.js';
import { type DeedDeps, Deeds } from './deeds.js';
import { Drains } from './drains.js';
import { type LookDeps, Looks } from './look.js';
import type { DrainHook } from './ports.js';
import { type SagaAsk, type StartDeps, Starts } from './start.js';
import { eventOf } from './words.js';

/** The others are in the store. */
const ENDED_KEPT_MAX = 1_000;
/** Moves of one saga within a sweep. */
const MOVES_MAX = 16;

export interface ProvisioningDeps
  extends Omit<DeedDeps, 'nodes'>,
    Omit<LookDeps, 'reader' | 'nodes'>,
    Omit<StartDeps, 'reader'> {
  readonly store: Store;
  readonly world: World;
  readonly clock: SteadyClock;
  readonly counters: Counters;
  /** Who keeps a node from being disrupted; not what provisioning itself keeps. */
  readonly holdOn: (node: string, isAutomatic: boolean) => string | undefined;
  readonly drain: DrainHook | undefined;
  /** After a restore nothing is ordered until somebody has looked. */
  readonly hold: Pick<CommandHold, 'because'>;
  readonly onCommitted: () => void;
  /** A saga has begun or ended. */
  readonly onChanged: () => void;
}

/**
 * Changes what boards boot: each as a journal of steps. A step is on record, with the order that carries it out, in one
 * transaction before anything is sent; so whoever begins again after a crash finds everything that was begun, and nothing twice.
 */
export class Provisioning {
  readonly #deps: ProvisioningDeps;
  readonly #deeds: Deeds;
  readonly #looks: Looks;
  readonly #drains: Drains;
  readonly #starts: Starts;
  readonly #open = new Map<string, Saga>();
  /** Those that ended since this process started, for whoever waits for them. */
  readonly #ended = new Map<string, Saga>();
  /** By the name of the node, monotonic. */
  readonly #workedOnUntilMs = new Map<string, number>();
  readonly #abilities: Abilities;
  #running: Promise<void> | undefined;

  constructor(deps: ProvisioningDeps) {
    const { reader } = deps.store;
    this.#deps = deps;
    this.#deeds = new Deeds(deps);
    this.#looks = new Looks({ ...deps, reader });
    this.#drains = new Drains(deps.drain);
    this.#starts = new Starts({ ...deps, reader });
    this.#abilities = new Abilities(reader, deps.nodes);
  }

  async load(reader: StoreReader): Promise<void> {
    const nowMs = this.#nowMs();
    for (const saga of await reader.provisioning.openSagas()) this.#open.set(saga.id, takenOver(saga, nowMs));
  }

  /** What is under way, by their begin. */
  open(): readonly Saga[] {
    return [...this.#open.values()];
  }

  async get(id: string): Promise<Saga | undefined> {
    return this.#open.get(id) ?? this.#ended.get(id) ?? (await this.#deps.store.reader.provisioning.saga(id));
  }

  /** Healing keeps its hands off nodes that are being changed by somebody else than healing. Times are monotonic. */
  holds(): readonly Hold[] {
    const { clock } = this.#deps;
    return this.open()
      .filter((saga) => !isOfHealing(saga))
      .map(({ id, kind, target, actor, startedAtMs }) => ({
        ...({ id: `saga ${id}`, kind: 'manual', scope: target.node, owner: actor, reason: kind } as const),
        sinceMs: clock.monotonicOf(startedAtMs),
        untilMs: Number.MAX_SAFE_INTEGER,
      }));
  }

  /** When the last change by somebody else than healing ended, monotonic; `undefined` = none since this process started. */
  workedOnUntilMs(node: string): number | undefined {
    return this.#workedOnUntilMs.get(node);
  }

  /** What would be done. @throws BrambleError when it could not be begun */
  async plan(ask: SagaAsk, actor: Actor): Promise<Saga> {
    return await this.#starts.plan(this.#deps.store.reader, ask, this.#stamp(actor));
  }

  /** @throws BrambleError `not-found`, `failed-precondition`, `already-exists` (something is under way) */
  async start(ask: SagaAsk, actor: Actor): Promise<Saga> {
    return await carryOut(this.#deps.store, (writer) => this.startIn(writer, ask, actor));
  }

  /** As a part of a larger change. @throws as start() */
  async startIn(writer: StoreWriter, ask: SagaAsk, actor: Actor): Promise<Prepared<Saga> & { readonly saga: Saga }> {
    const saga = await this.#starts.plan(writer, ask, this.#stamp(actor));
    await writer.provisioning.putSaga(saga);
    const nodeId = this.#deps.entryOf(saga.target.node)?.node.id;
    await writer.addFleetEvent({ ...eventOf(saga), atMs: saga.atMs, nodeId });
    const { id, kind, target, reason } = saga;
    const details = { saga: id, kind, reason };
    const done = { atMs: saga.atMs, actor, target: nodeId ?? target.node, site: undefined, outcome: 'done' } as const;
    await writer.audit.add({ ...done, action: 'node.provision', details });
    return {
      saga,
      committed: () => {
        this.#kept(saga);
        return saga;
      },
    };
  }

  /** Everything is to be as it was before. @throws BrambleError `not-found`, `failed-precondition` */
  async abort(id: string, why: string, actor: Actor): Promise<Saga> {
    const saga = this.#open.get(id);
    if (saga === undefined) throw new BrambleError('not-found', `nothing of this id is under way`);
    if (!mayGoBack(saga)) {
      throw new BrambleError('failed-precondition', 'its roots are wiped: there is no way back', {
        hint: 'it goes on by itself; what it waits for is told by bramble node steps',
      });
    }
    const abort = visible(`${actor.name}: ${why}`, 300);
    const wanted = await this.#deps.store.transact(async (writer) => {
      // It may have moved meanwhile: what is written counts, with the wish added.
      const next = { ...((await writer.provisioning.saga(id)) ?? saga), abort };
      await writer.provisioning.putSaga(next);
      const atMs = this.#nowMs();
      const done = { atMs, actor, target: saga.target.node, site: undefined, outcome: 'done' } as const;
      await writer.audit.add({ ...done, action: 'node.provision-abort', details: { saga: id, reason: why } });
      return next;
    });
    const now = this.#open.get(id);
    if (now !== undefined) this.#open.set(id, { ...now, abort });
    return wanted;
  }

  /** What could be done for a node; see NodeSight. */
  abilities(node: NodeRecord): NodeSight['roots'] {
    return this.#abilities.of(node);
  }

  /** Once a second. */
  sweep(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#work()
      .catch((thrown: unknown) => {
        this.#deps.world.log.warn({ err: thrown }, 'provisioning could not go on; tried again');
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  async #work(): Promise<void> {
    await this.#abilities.refresh(this.#deps.clock.nowMs());
    for (const id of [...this.#open.keys()]) {
      for (let moves = 0; moves < MOVES_MAX; moves++) {
        const saga = this.#open.get(id);
        if (saga === undefined || !(await this.#move(saga))) break;
      }
    }
  }

  /** One move. @returns whether there was one */
  async #move(saga: Saga): Promise<boolean> {
    const sight = await this.#sight(saga);
    const move = advance(saga, sight);
    if (move.saga === saga) return false;
    try {
      await this.#write(saga, move, sight);
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      if (move.order === undefined || error.code === 'unavailable' || error.code === 'internal') throw thrown;
      // It could not be begun: that is how this attempt ended.
      const detail = visible(error.message, 500);
      const failed = advance(move.saga, { ...sight, outcome: { kind: 'failed', detail } });
      await this.#write(saga, { saga: failed.saga, order: undefined }, sight);
    }
    return true;
  }

  async #write(before: Saga, { saga, order }: Advance, sight: SagaSight): Promise<void> {
    await carryOut(this.#deps.store, async (writer) => {
      const begun = order === undefined ? undefined : await this.#deeds.begin(writer, saga, order);
      const journal = withWish(
        begun === undefined ? saga : noted(saga, order, begun, sight),
        await writer.provisioning.saga(saga.id),
      );
      await writer.provisioning.putSaga(journal);
      if (tells(before, journal)) {
        const nodeId = this.#deps.entryOf(saga.target.node)?.node.id;
        await writer.addFleetEvent({ ...eventOf(journal), atMs: journal.atMs, nodeId });
      }
      return {
        committed: async () => {
          this.#kept(journal);
          await begun?.committed?.();
          if (order !== undefined) this.#drains.begin(journal, order, deedOf(saga, order));
        },
        undone: () => begun?.undone?.(),
      };
    });
  }

  #kept(saga: Saga): void {
    const { clock, counters, onCommitted, onChanged } = this.#deps;
    const isNew = !this.#open.has(saga.id);
    if (isSagaOver(saga)) {
      this.#open.delete(saga.id);
      if (!isOfHealing(saga)) this.#workedOnUntilMs.set(saga.target.node, clock.nowMs());
      this.#ended.set(saga.id, saga);
      for (const oldest of this.#ended.keys()) {
        if (this.#ended.size <= ENDED_KEPT_MAX) break;
        this.#ended.delete(oldest);
      }
      this.#looks.forget(saga.id);
      counters.add(saga.state === 'succeeded' ? 'sagas_succeeded_total' : 'sagas_undone_total');
    } else this.#open.set(saga.id, saga);
    if (isNew || isSagaOver(saga)) onChanged();
    onCommitted();
  }

  async #sight(saga: Saga): Promise<SagaSight> {
    const nowMs = this.#nowMs();
    const { because } = this.#deps.hold;
    const at = cursor(saga);
    const { target, owner } = saga;
    const agents = agentsFor(this.#deps.nodes, target);
    const needs = at === undefined ? 'nobody' : termsAt(saga, at).needs;
    const { arrays } = fileserverSight(agents.fileserver, { hasSnapshots: true, hasImage: true });
    const isClean = arrays === 'clean';
    return {
      nowMs,
      hold: this.#deps.holdOn(target.node, owner !== ''),
      arrays: isClean ? undefined : `arrays of ${target.fileserver} are ${arrays}: roots are left alone`,
      absent: because === undefined ? absence(agents, needs, target) : `commands are held: ${because}`,
      outcome:
        at === undefined ? undefined : ((await this.#looks.outcome(saga, at, nowMs)) ?? this.#drains.outcome(saga, at)),
    };
  }

  /** Wall clock, but for steps of it since the start. */
  #nowMs(): number {
    const { clock } = this.#deps;
    return clock.wallOf(clock.nowMs());
  }

  #stamp(actor: Actor): { readonly actor: string; readonly atMs: number } {
    return { actor: actor.name, atMs: this.#nowMs() };
  }
}

const isOfHealing = ({ owner }: Saga): boolean => owner.startsWith('healing ');

/**
 * As this process takes it over. The wall clock may have gone back meanwhile: what is on record has happened all the same. What
 * was under way is waited for anew: nobody could have told its end while no controller was there.
 */
function takenOver(saga: Saga, nowMs: number): Saga {
  const past = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.min(ms, nowMs));
  const steps = saga.steps.map((step) => ({
    ...step,
    startedAtMs: step.state === 'running' || step.state === 'undoing' ? nowMs : past(step.startedAtMs),
    endedAtMs: past(step.endedAtMs),
  }));
  return { ...saga, steps, startedAtMs: Math.min(saga.startedAtMs, nowMs), atMs: Math.min(saga.atMs, nowMs) };
}

/** The journal with what was begun in it. */
function noted(saga: Saga, order: Order | undefined, begun: Begun, sight: SagaSight): Saga {
  const step = order === undefined ? undefined : saga.steps[order.at];
  if (order === undefined || step === undefined) return saga;
  const before = order.way === 'do' && step.before === '' ? begun.before : step.before;
  const next = { ...saga, steps: saga.steps.with(order.at, { ...step, token: begun.token, before }) };
  return begun.outcome === undefined ? next : advance(next, { ...sight, outcome: begun.outcome }).saga;
}

/** Somebody may have wanted it back while this move was made. */
function withWish(saga: Saga, stored: Saga | undefined): Saga {
  return stored === undefined || stored.abort === saga.abort ? saga : { ...saga, abort: stored.abort };
}

/** Whether people should hear of it: it turned back, or came to its end. */
function tells(before: Saga, after: Saga): boolean {
  return before.direction !== after.direction || before.state !== after.state;
}
