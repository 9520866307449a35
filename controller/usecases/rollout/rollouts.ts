import { BrambleError } from '../../../proto/contract/errors.js';
import { uuidv7 } from '../../../proto/contract/random.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import { advanceRollout, type RolloutMove, type RolloutOrder } from '../../domain/rollout/advance-rollout.js';
import {
  isRolloutOver,
  type Rollout,
  type RolloutNode,
  type RolloutTerms,
  type RolloutWhat,
  wavesOf,
} from '../../domain/rollout/rollout.js';
import type { SteadyClock } from '../healing/steady-clock.js';
import { carryOut, type Prepared } from '../mutation.js';
import type { NodeEntry } from '../node-table.js';
import type { Store, StoreReader, StoreWriter, World } from '../ports.js';
import { RolloutMeans, type RolloutMeansDeps } from './rollout-means.js';
import { eventOf } from './words.js';

const NODES_MAX = 10_000;
/** Moves within a sweep: a wave that ends lets the next begin. */
const MOVES_MAX = 4;

export interface RolloutsDeps extends RolloutMeansDeps {
  readonly store: Store;
  readonly world: Pick<World, 'random' | 'log'>;
  readonly clock: SteadyClock;
  readonly holdOn: (node: string, isAutomatic: boolean) => string | undefined;
  readonly onCommitted: () => void;
}

export interface RolloutWish {
  readonly name: string;
  readonly what: RolloutWhat;
  readonly terms: RolloutTerms;
  readonly reason: string;
}

/** Brings an image or a node config to many nodes, in waves that stop and go back by themselves. */
export class Rollouts {
  readonly #deps: RolloutsDeps;
  readonly #means: RolloutMeans;
  readonly #open = new Map<string, Rollout>();
  #running: Promise<void> | undefined;

  constructor(deps: RolloutsDeps) {
    this.#deps = deps;
    this.#means = new RolloutMeans(deps);
  }

  async load(reader: StoreReader): Promise<void> {
    const nowMs = this.#nowMs();
    for (const rollout of await reader.provisioning.openRollouts()) {
      // Nobody could be heard while no controller was there; and the wall clock may have gone back meanwhile.
      const nodes = rollout.nodes.map((node) => ({
        ...node,
        sinceMs: isOpen(node) ? nowMs : Math.min(node.sinceMs, nowMs),
      }));
      this.#open.set(rollout.id, { ...rollout, nodes });
    }
  }

  async get(id: string): Promise<Rollout | undefined> {
    return this.#open.get(id) ?? (await this.#deps.store.reader.provisioning.rollout(id));
  }

  /** @throws BrambleError `invalid-argument`: nobody is to get it, or too many are */
  plan({ name, what, terms, reason }: RolloutWish, entries: readonly NodeEntry[], actor: Actor): Rollout {
    const names = entries.filter(({ node }) => node.lifecycle === 'enrolled').map(({ node }) => node.name);
    if (names.length === 0 || names.length > NODES_MAX) {
      throw new BrambleError('invalid-argument', `${names.length} enrolled nodes are like that`, {
        hint: `a rollout is for 1 to ${NODES_MAX} nodes; bramble get nodes -l shows who they are`,
      });
    }
    const nowMs = this.#nowMs();
    return {
      ...{
        id: uuidv7(nowMs, this.#deps.world.random),
        name: visible(name, 63),
        what,
        terms,
        state: 'running',
        wave: 0,
      },
      ...{ waveEndedAtMs: undefined, nodes: wavesOf(names, terms, nowMs), why: '' },
      ...{ actor: visible(actor.name, 100), reason: visible(reason, 300), startedAtMs: nowMs, atMs: nowMs },
    };
  }

  async start(wish: RolloutWish, entries: readonly NodeEntry[], actor: Actor): Promise<Rollout> {
    const rollout = this.plan(wish, entries, actor);
    await this.#change(rollout, actor, 'rollout.start');
    return rollout;
  }

  /** @throws BrambleError `not-found`, `failed-precondition` when it cannot become so any more */
  async become(id: string, state: 'running' | 'paused' | 'aborted', why: string, actor: Actor): Promise<Rollout> {
    await this.#running; // a move that is being written comes first
    const rollout = this.#open.get(id);
    if (rollout === undefined) throw new BrambleError('not-found', 'no rollout of this id is under way');
    if (rollout.state === 'failing') {
      throw new BrambleError('failed-precondition', 'its wave is being taken back; it ends by itself');
    }
    const next = { ...rollout, state, why: visible(why, 300), atMs: this.#nowMs() };
    this.#open.set(id, next); // what moves from now on sees it
    await this.#change(
      next,
      actor,
      `rollout.${state === 'running' ? 'resume' : state === 'paused' ? 'pause' : 'abort'}`,
    );
    return next;
  }

  /** Once a second. */
  sweep(): void {
    if (this.#running !== undefined || this.#open.size === 0) return;
    this.#running = this.#work()
      .catch((thrown: unknown) => {
        this.#deps.world.log.warn({ err: thrown }, 'a rollout could not go on; tried again');
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  async settled(): Promise<void> {
    await this.#running;
  }

  async #work(): Promise<void> {
    for (const id of [...this.#open.keys()]) {
      for (let moves = 0; moves < MOVES_MAX; moves++) {
        const rollout = this.#open.get(id);
        if (rollout === undefined || !(await this.#move(rollout))) break;
      }
    }
  }

  async #move(rollout: Rollout): Promise<boolean> {
    const nowMs = this.#nowMs();
    const sights = await this.#means.sights(rollout);
    const deferrals = new Map<string, string>();
    for (const { name, state } of rollout.nodes) {
      const why = state === 'waiting' || state === 'deferred' ? this.#deps.holdOn(name, true) : undefined;
      if (why !== undefined) deferrals.set(name, why);
    }
    const move = advanceRollout(rollout, { nowMs, sights, deferrals });
    if (move.rollout === rollout) return false;
    await this.#write(rollout, move);
    return true;
  }

  /** The orders and the journal that says so are one transaction: a crash leaves both or none. */
  async #write(before: Rollout, { rollout, orders }: RolloutMove): Promise<void> {
    await carryOut(this.#deps.store, async (writer) => {
      const done: Prepared<unknown>[] = [];
      // Somebody paused or ended it meanwhile: nothing of this move counts.
      if (this.#open.get(rollout.id)?.state !== before.state) return { committed: () => undefined };
      let journal = rollout;
      for (const order of orders) {
        const begun = await this.#begin(writer, journal, order, done);
        const at = journal.nodes.findIndex(({ name }) => name === order.name);
        journal = { ...journal, nodes: journal.nodes.with(at, begun) };
      }
      await writer.provisioning.putRollout(journal);
      if (before.state !== journal.state || before.wave !== journal.wave) {
        await writer.addFleetEvent({ ...eventOf(journal), atMs: journal.atMs, nodeId: undefined });
      }
      return {
        committed: async () => {
          this.#kept(journal);
          for (const one of done) await one.committed();
        },
        undone: () => {
          for (const one of done) one.undone?.();
        },
      };
    });
  }

  async #begin(
    writer: StoreWriter,
    rollout: Rollout,
    order: RolloutOrder,
    done: Prepared<unknown>[],
  ): Promise<RolloutNode> {
    const node = rollout.nodes.find(({ name }) => name === order.name);
    if (node === undefined) throw new BrambleError('internal', 'an order for a node that the rollout does not have');
    try {
      const begun = await this.#means.begin(writer, rollout, { node, way: order.way });
      if (begun.prepared !== undefined) done.push(begun.prepared);
      return { ...node, ...begun.changed };
    } catch (thrown) {
      const error = BrambleError.from(thrown);
      if (error.code === 'unavailable' || error.code === 'internal') throw thrown;
      const state = order.way === 'apply' ? 'failed' : 'not-taken-back';
      return { ...node, state, detail: visible(error.message, 300) };
    }
  }

  async #change(rollout: Rollout, actor: Actor, action: string): Promise<void> {
    await this.#deps.store.transact(async (writer) => {
      await writer.provisioning.putRollout(rollout);
      const atMs = rollout.atMs;
      await writer.addFleetEvent({ ...eventOf(rollout), atMs, nodeId: undefined });
      const details = { name: rollout.name, reason: rollout.reason, nodes: rollout.nodes.length, state: rollout.state };
      const done = { atMs, actor, target: rollout.id, site: undefined, outcome: 'done', details } as const;
      await writer.audit.add({ ...done, action });
    });
    this.#kept(rollout);
  }

  #kept(rollout: Rollout): void {
    if (isRolloutOver(rollout)) this.#open.delete(rollout.id);
    else this.#open.set(rollout.id, rollout);
    this.#deps.onCommitted();
  }

  #nowMs(): number {
    const { clock } = this.#deps;
    return clock.wallOf(clock.nowMs());
  }
}

const isOpen = ({ state }: RolloutNode): boolean => state === 'running' || state === 'taking-back';
