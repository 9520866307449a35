import { BrambleError } from '../../../proto/contract/errors.js';
import { uuidv7 } from '../../../proto/contract/random.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import { membersOf } from '../../domain/healing/attribution.js';
import type { Hold } from '../../domain/healing/desired.js';
import { assertMaintenanceEnd } from '../../domain/maintenance.js';
import type { FleetMap } from '../../domain/topology/fleet-map.js';
import type { Journal } from '../journal.js';
import type { Maintenances } from '../maintenance.js';
import type { Store, StoreReader, World } from '../ports.js';
import type { SteadyClock } from './steady-clock.js';

interface HoldDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly clock: SteadyClock;
  readonly journal: Pick<Journal, 'write'>;
  readonly maintenances: Pick<Maintenances, 'inForce'>;
  /** Healing looks again at once. */
  readonly onChanged: () => void;
  readonly onCommitted: () => void;
}

export interface HoldWish {
  readonly kind: 'pause' | 'drill' | 'manual';
  readonly scope: string;
  readonly owner: string | undefined;
  readonly reason: string;
  /** Wall clock. */
  readonly untilMs: number;
}

/** Who wants healing to keep its hands off what, and until when. Maintenance counts as one. */
export class Holds {
  readonly #deps: HoldDeps;
  /** By id; `untilMs` on the wall clock, as people see it. */
  readonly #holds = new Map<string, { readonly hold: Hold; readonly untilMonotonicMs: number }>();

  constructor(deps: HoldDeps) {
    this.#deps = deps;
  }

  async load(reader: StoreReader): Promise<void> {
    for (const hold of await reader.healing.holds()) this.#keep(hold);
  }

  /** As people see them, those of maintenance left out. */
  all(): readonly Hold[] {
    return [...this.#holds.values()].map(({ hold }) => hold);
  }

  get(id: string): Hold | undefined {
    return this.#holds.get(id)?.hold;
  }

  /** Everything in force, on the monotonic clock. @param nameOf how the topology calls an enrolled node */
  inForce(nameOf: (nodeId: string) => string | undefined): readonly Hold[] {
    const { clock, maintenances } = this.#deps;
    const own = [...this.#holds.values()].map(({ hold, untilMonotonicMs }) => ({
      ...hold,
      sinceMs: clock.monotonicOf(hold.sinceMs),
      untilMs: untilMonotonicMs,
    }));
    const work = maintenances.inForce().flatMap(({ scope, owner, reason, sinceMs, untilMs }): readonly Hold[] => {
      const name = scope.kind === 'site' ? scope.site : nameOf(scope.nodeId);
      if (name === undefined) return [];
      const id = `maintenance ${name}`;
      const times = { sinceMs: clock.monotonicOf(sinceMs), untilMs: clock.monotonicOfAsked(untilMs) };
      return [{ id, kind: 'maintenance', scope: name, owner, reason, ...times }];
    });
    return [...own, ...work];
  }

  /** @throws BrambleError `not-found` for a scope that is nothing, `invalid-argument` for an end too near or too far */
  async place(wish: HoldWish, map: FleetMap, actor: Actor): Promise<Hold> {
    const { store, world, onCommitted, onChanged } = this.#deps;
    const nowMs = world.clock.nowMs();
    assertMaintenanceEnd(nowMs, wish.untilMs);
    if (wish.scope !== 'fleet' && membersOf(map, wish.scope).length === 0) {
      throw new BrambleError('not-found', `nothing in the topology is called ${visible(wish.scope, 63)}`, {
        hint: 'name a site, rack, shelf, switch, fileserver, power supply or node; fleet is everything',
      });
    }
    const hold: Hold = {
      id: uuidv7(nowMs, world.random),
      kind: wish.kind,
      scope: wish.scope,
      owner: visible(wish.owner ?? actor.name, 64),
      reason: visible(wish.reason, 500),
      sinceMs: nowMs,
      untilMs: wish.untilMs,
    };
    // From now on, not only after the commit: what takes it back then is an error, and not a race.
    this.#keep(hold);
    onChanged();
    try {
      await store.transact(async (writer) => {
        await writer.healing.putHold(hold);
        const until = new Date(hold.untilMs).toISOString().slice(0, 16);
        const message = `${visible(actor.name, 80)} paused healing of ${hold.scope} until ${until}Z: ${hold.reason}`;
        await writer.addFleetEvent({
          atMs: nowMs,
          nodeId: undefined,
          severity: 'info',
          reason: 'HealingHeld',
          message,
        });
        const { id: target, ...details } = hold;
        const done = { atMs: nowMs, actor, target, site: undefined, outcome: 'done', details } as const;
        await writer.audit.add({ ...done, action: 'healing.hold' });
      });
    } catch (thrown) {
      this.#holds.delete(hold.id);
      throw thrown;
    }
    onCommitted();
    return hold;
  }

  /** One that is not there is success: it may just have ended. */
  async lift(id: string, actor: Actor): Promise<void> {
    const { store, world, onCommitted, onChanged } = this.#deps;
    const hold = this.get(id);
    if (hold === undefined) return;
    await store.transact(async (writer) => {
      await writer.healing.removeHold(id);
      const atMs = world.clock.nowMs();
      const message = `${visible(actor.name, 80)} lets healing of ${hold.scope} go on`;
      await writer.addFleetEvent({ atMs, nodeId: undefined, severity: 'info', reason: 'HealingResumed', message });
      const done = { atMs, actor, target: id, site: undefined, outcome: 'done', details: {} } as const;
      await writer.audit.add({ ...done, action: 'healing.resume' });
    });
    this.#holds.delete(id);
    onChanged();
    onCommitted();
  }

  /** Once a second: what has come to its end by itself. */
  sweep(): void {
    const { clock, journal, onChanged } = this.#deps;
    for (const [id, { hold, untilMonotonicMs }] of this.#holds) {
      if (clock.nowMs() < untilMonotonicMs) continue;
      this.#holds.delete(id);
      onChanged();
      journal.write(async (writer) => {
        await writer.healing.removeHold(id);
        const message = `the pause of healing of ${hold.scope} is over`;
        const event = { atMs: hold.untilMs, nodeId: undefined, severity: 'info', message } as const;
        await writer.addFleetEvent({ ...event, reason: 'HealingResumed' });
      });
    }
  }

  #keep(hold: Hold): void {
    this.#holds.set(hold.id, { hold, untilMonotonicMs: this.#deps.clock.monotonicOfAsked(hold.untilMs) });
  }
}
