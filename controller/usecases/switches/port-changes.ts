import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeId } from '../../../proto/contract/ids.js';
import { uuidv7 } from '../../../proto/contract/random.js';
import { parseSwitchPlan, renderSwitchPlan } from '../../../proto/contract/switch/parse-plan.js';
import { blockingFindings, preflight } from '../../../proto/contract/switch/preflight.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import { isOver, nextStep, type PortChange, type PortChangeStep } from '../../domain/switch/port-change.js';
import { carryOut } from '../mutation.js';
import { expectedOf, portChangeSight } from './port-change-sight.js';
import { type PortChangeDeps, PortChangeWriter } from './port-change-writer.js';

const LOOK_EVERY_MS = 1_000;
/** One request renders and compares as many files as there are switches. */
export const SWITCHES_MAX = 16;

export interface PortChangeWish {
  readonly switches: readonly { readonly nodeId: NodeId; readonly plan: string }[];
  readonly reason: string;
  readonly confirmWithinMs: number;
  readonly isByHand: boolean;
}

/**
 * Changes of ports, over one switch or several, from the order to the end: all of a change stays, or none. What is ordered is on record
 * with the order, so that a controller that starts anew goes on where the last one was; and a switch that nobody speaks to any more
 * goes back by itself.
 */
export class PortChanges {
  readonly #deps: PortChangeDeps;
  readonly #writer: PortChangeWriter;
  readonly #open = new Map<string, PortChange>();
  /** One thing after the other: two never decide about the same change. */
  #line: Promise<unknown> = Promise.resolve();
  #cancel: () => void = () => undefined;
  #isStopped = false;

  constructor(deps: PortChangeDeps) {
    this.#deps = deps;
    this.#writer = new PortChangeWriter(deps);
  }

  /** Goes on with what was open when the controller stopped. */
  async load(): Promise<void> {
    for (const change of await this.#deps.store.reader.switches.openChanges()) this.#open.set(change.id, change);
    this.#schedule();
  }

  /** As it is, with what is waited for; `undefined` = there is none. */
  async find(id: string): Promise<PortChange | undefined> {
    return this.#open.get(id) ?? (await this.#deps.store.reader.switches.change(id));
  }

  /** Newest first. */
  async list(limit: number): Promise<readonly PortChange[]> {
    const stored = await this.#deps.store.reader.switches.changes(limit);
    return stored.map((change) => this.#open.get(change.id) ?? change);
  }

  /**
   * Has every switch put its part on trial.
   * @throws BrambleError `failed-precondition` (a switch is away, frozen, or has an open change; the plan is refused; nothing changes),
   * `invalid-argument`, `not-found`
   */
  begin(wish: PortChangeWish, actor: Actor, restores = ''): Promise<PortChange> {
    return this.#inLine(() => this.#begin(wish, actor, restores));
  }

  /** Somebody says that it may stay; it does once everybody who must see the switches does. @throws BrambleError `failed-precondition` */
  approve(id: string, actor: Actor): Promise<PortChange> {
    return this.#inLine(async () => {
      const change = this.#open.get(id);
      if (change === undefined || (change.state !== 'applying' && change.state !== 'watching')) {
        throw notOpen(change);
      }
      const approved = { ...change, isApproved: true };
      await this.#writer.put(approved, { actor, action: 'ports.approve' });
      return this.#keep(approved);
    });
  }

  /**
   * Takes an open change back; puts the plans from before a kept one in place, as a change of its own; tries once more where a switch
   * is frozen. Answers with the change that does it. @throws BrambleError `not-found`, `failed-precondition`
   */
  takeBack(id: string, reason: string, actor: Actor): Promise<PortChange> {
    return this.#inLine(async () => {
      const change = await this.find(id);
      if (change === undefined) throw new BrambleError('not-found', `there is no change ${id} of ports`);
      switch (change.state) {
        case 'applying':
        case 'watching':
        case 'stuck':
          return this.#keep(await this.#writer.orderBack(change, `${actor.name} asked for it: ${reason}`, actor));
        case 'kept':
        case 'split':
          return await this.#restore(change, reason, actor);
        case 'taking-back':
          return change;
        case 'confirming':
        case 'taken-back':
          throw notOpen(change);
      }
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#line;
  }

  async #begin({ switches, ...wish }: PortChangeWish, actor: Actor, restores: string): Promise<PortChange> {
    const { store, world } = this.#deps;
    if (switches.length === 0 || switches.length > SWITCHES_MAX) {
      throw new BrambleError('invalid-argument', `a change is of 1 to ${SWITCHES_MAX} switches`);
    }
    if (new Set(switches.map(({ nodeId }) => nodeId)).size < switches.length) {
      throw new BrambleError('invalid-argument', 'a switch is in the change twice');
    }
    const change = await carryOut(store, async (writer) => {
      const parts = [];
      for (const each of switches) {
        const before = (await writer.switches.keptPlan(each.nodeId))?.plan ?? '';
        const site = this.#assertChangeable(each.nodeId, each.plan, before);
        parts.push({ ...each, plan: normal(each.plan), before, site, applied: undefined, settled: undefined });
      }
      const atMs = world.clock.nowMs();
      const expected = expectedOf(parts, this.#deps.nodes);
      const id = uuidv7(atMs, world.random);
      const state = { state: 'applying', stateAtMs: atMs, isApproved: false, detail: '' } as const;
      const told = { ...wish, reason: visible(wish.reason, 500), actor: visible(actor.name, 100) };
      return await this.#writer.applyIn(writer, { id, atMs, ...told, ...state, restores, parts, expected }, actor);
    });
    return this.#keep(change);
  }

  /** @throws BrambleError saying why the ports of this switch cannot be changed like that now */
  #assertChangeable(nodeId: NodeId, plan: string, before: string) {
    const entry = this.#deps.nodes.get(nodeId);
    if (entry === undefined) throw new BrambleError('not-found', `node ${nodeId} is not known`);
    const name = visible(entry.node.name, 63);
    const refused = (why: string, hint: string): BrambleError =>
      new BrambleError('failed-precondition', `${name}: ${why}`, { hint });
    const open = [...this.#open.values()].find(({ parts }) => parts.some((part) => part.nodeId === nodeId));
    if (open !== undefined)
      throw refused(`change ${open.id} is open (${open.state})`, 'wait for its end, or take it back');
    if (entry.session === undefined) throw refused('it is not connected', 'all switches of a change must be there');
    const current = before === '' ? undefined : parseSwitchPlan(JSON.parse(before));
    const [found] = blockingFindings(preflight(parseSwitchPlan(JSON.parse(plan)), current));
    if (found !== undefined)
      throw refused(found.message, 'change the plan; `bramble switch plan` shows all that is wrong');
    return entry.node.site;
  }

  async #restore(change: PortChange, reason: string, actor: Actor): Promise<PortChange> {
    const { reader } = this.#deps.store;
    const kept = [];
    for (const part of change.parts) {
      const newest = await reader.switches.keptPlan(part.nodeId);
      if (newest?.changeId === change.id) kept.push(part);
      else if (change.state === 'kept') {
        throw new BrambleError('failed-precondition', 'the ports of one of its switches were changed since', {
          hint: 'put a plan in place that you want: `bramble switch history NODE --plan CHANGE` prints former ones',
        });
      }
    }
    if (kept.length === 0 || kept.some(({ before }) => before === '')) {
      throw new BrambleError('failed-precondition', 'what was there before is not known here', {
        hint: 'apply a plan of what you want',
      });
    }
    const switches = kept.map(({ nodeId, before }) => ({ nodeId, plan: before }));
    const { confirmWithinMs } = change;
    return await this.#begin({ switches, reason, confirmWithinMs, isByHand: false }, actor, change.id);
  }

  async #look(): Promise<void> {
    for (const change of [...this.#open.values()]) {
      try {
        await this.#inLine(() => this.#advance(change.id));
      } catch (thrown) {
        this.#deps.world.log.warn({ err: thrown, change: change.id }, 'a change of ports waits; it is looked at again');
      }
    }
  }

  async #advance(id: string): Promise<void> {
    const change = this.#open.get(id);
    if (change === undefined) return;
    const sight = await portChangeSight(change, this.#deps);
    const step = nextStep(change, sight);
    const next = await this.#take(change, step);
    this.#keep(next);
    if (next.state === 'split' && change.state !== 'split') await this.#putBackKept(next);
  }

  async #take(change: PortChange, step: PortChangeStep): Promise<PortChange> {
    switch (step.kind) {
      case 'wait':
        return { ...change, detail: step.why === '' ? change.detail : step.why };
      case 'watch':
        return await this.#writer.become(change, 'watching', '');
      case 'confirm':
        return await this.#writer.orderConfirm(change);
      case 'take-back':
        return await this.#writer.orderBack(change, step.why, undefined);
      case 'end':
        return await this.#writer.end(change, step.state, step.why);
    }
  }

  /** Those that kept a change which others did not are put back where that is possible; the event says it where it is not. */
  async #putBackKept(change: PortChange): Promise<void> {
    try {
      await this.#restore(change, `change ${change.id} did not stay everywhere`, this.#writer.actorOf(change));
    } catch (thrown) {
      this.#deps.world.log.error({ err: thrown, change: change.id }, 'what one switch kept could not be put back');
    }
  }

  #keep(change: PortChange): PortChange {
    if (isOver(change)) this.#open.delete(change.id);
    else this.#open.set(change.id, change);
    this.#schedule();
    return change;
  }

  #schedule(): void {
    this.#cancel();
    if (this.#isStopped || this.#open.size === 0) return;
    this.#cancel = this.#deps.world.timers.after(LOOK_EVERY_MS, () => {
      void this.#look().finally(() => this.#schedule());
    });
  }

  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#line.then(work);
    this.#line = mine.catch(() => undefined); // whoever asked for it is told
    return mine;
  }
}

function normal(plan: string): string {
  return renderSwitchPlan(parseSwitchPlan(JSON.parse(plan)));
}

function notOpen(change: PortChange | undefined): BrambleError {
  const why = change === undefined ? 'it is over, or never was' : `it is ${change.state}`;
  return new BrambleError('failed-precondition', `the change is not on trial: ${why}`, {
    hint: 'bramble switch history lists changes and how they ended',
  });
}
