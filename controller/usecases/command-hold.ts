import { assert } from '../../proto/contract/assert.js';
import { BrambleError } from '../../proto/contract/errors.js';
import type { CommandId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import { uuidv7TimeMs } from '../domain/command-age.js';
import { EPOCH_SETTING } from './core-load.js';
import type { NodeEntry } from './node-table.js';
import type { Store, World } from './ports.js';

/** A restore leaves this setting in the copy that it puts in place. */
export const HELD_SETTING = 'commands-held';
const PROMOTED_SETTING = 'promoted-at-ms';

/** Older commands may be gone from the store by its retention, so not knowing them proves nothing. */
const CONCLUSIVE_AGE_MAX_MS = 180 * 86_400_000;

export interface Promoted {
  readonly epoch: number;
  readonly epochBefore: number;
  readonly heldBecause: string;
}

interface LoadedHold {
  readonly because: string | undefined;
  readonly epoch: number;
  readonly promotedAtMs: number;
}

interface HoldDeps {
  readonly store: Store;
  readonly world: World;
  readonly onCommitted: () => void;
}

/**
 * The brake after a restore. An actuator that remembers a command which this controller never issued, or a higher epoch,
 * proves that the controller's own memory is older than its fleet's: acting on it could repeat what was done. So no
 * command is issued until a person promotes this controller.
 */
export class CommandHold {
  readonly #store: Store;
  readonly #world: World;
  readonly #onCommitted: () => void;
  #because: string | undefined;
  #epoch: number;
  /** Highest that any actuator has told of since the start. */
  #epochSeen: number;
  #promotedAtMs: number;

  private constructor(deps: HoldDeps, loaded: LoadedHold) {
    this.#store = deps.store;
    this.#world = deps.world;
    this.#onCommitted = deps.onCommitted;
    this.#because = loaded.because;
    this.#epoch = loaded.epoch;
    this.#epochSeen = loaded.epoch;
    this.#promotedAtMs = loaded.promotedAtMs;
  }

  static async load(deps: HoldDeps, epoch: number): Promise<CommandHold> {
    const { reader } = deps.store;
    return new CommandHold(deps, {
      because: await reader.setting(HELD_SETTING),
      epoch,
      promotedAtMs: Number((await reader.setting(PROMOTED_SETTING)) ?? 0),
    });
  }

  /** Commands carry it: an actuator obeys none lower than the highest that it ever obeyed. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Why commands are held; `undefined` = they are not. */
  get because(): string | undefined {
    return this.#because;
  }

  /** Compares what an actuator remembers with what this controller knows; holds before it returns when they disagree. */
  async check(
    entry: NodeEntry,
    ledger: { readonly newestCommandIds: readonly CommandId[]; readonly epochHighest: number },
  ): Promise<void> {
    this.#epochSeen = Math.max(this.#epochSeen, ledger.epochHighest);
    if (this.#because !== undefined) return;
    // What was forgotten before a promotion was forgiven with it.
    const oldestMs = Math.max(this.#world.clock.nowMs() - CONCLUSIVE_AGE_MAX_MS, this.#promotedAtMs);
    const conclusive = ledger.newestCommandIds.filter((id) => uuidv7TimeMs(id) >= oldestMs);
    const unknown = conclusive.length === 0 ? [] : await this.#store.reader.unknownCommands(conclusive);
    const name = visible(entry.node.name, 63);
    const [first] = unknown;
    const { epochHighest } = ledger;
    if (first !== undefined) await this.#hold(entry, `${name} remembers command ${first}, which is not on record here`);
    else if (epochHighest > this.#epoch) {
      await this.#hold(entry, `${name} has obeyed epoch ${epochHighest}; this controller is at epoch ${this.#epoch}`);
    }
  }

  /**
   * A person has settled that this controller is the one: it goes on at an epoch above every one that was ever seen, so
   * that whatever another copy of it still says is refused by whoever has obeyed this one.
   * @throws BrambleError `failed-precondition` when commands are not held
   */
  async promote(reason: string, actor: Actor): Promise<Promoted> {
    const because = this.#because;
    if (because === undefined) {
      throw new BrambleError('failed-precondition', 'commands are not held: there is nothing to promote', {
        hint: 'a controller is promoted after a restore, once it is settled that no other copy of it runs',
      });
    }
    const epochBefore = this.#epoch;
    const epoch = Math.max(epochBefore, this.#epochSeen) + 1;
    const atMs = this.#world.clock.nowMs();
    const why = visible(reason, 500);
    await this.#store.transact(async (writer) => {
      await writer.putSetting(EPOCH_SETTING, String(epoch));
      await writer.putSetting(PROMOTED_SETTING, String(atMs));
      await writer.removeSetting(HELD_SETTING);
      await writer.addFleetEvent({
        atMs,
        nodeId: undefined,
        severity: 'warning',
        reason: 'ControllerPromoted',
        message: `${visible(actor.name, 100)} promoted this controller to epoch ${epoch}; commands go out again: ${why}`,
      });
      const done = { atMs, actor, target: '', site: undefined, outcome: 'done' } as const;
      await writer.audit.add({
        ...done,
        action: 'controller.promote',
        details: { epoch, heldBecause: because, reason: why },
      });
    });
    assert(epoch > this.#epoch, 'an epoch only grows');
    this.#epoch = epoch;
    this.#epochSeen = Math.max(this.#epochSeen, epoch);
    this.#promotedAtMs = atMs;
    this.#because = undefined;
    this.#onCommitted();
    return { epoch, epochBefore, heldBecause: because };
  }

  async #hold(entry: NodeEntry, evidence: string): Promise<void> {
    const because = `this controller was restored from an older backup: ${evidence}`;
    this.#because = because; // at once: what is issued from now on is refused, whatever the store says
    await this.#store.transact(async (writer) => {
      if ((await writer.setting(HELD_SETTING)) !== undefined) return;
      await writer.putSetting(HELD_SETTING, because);
      await writer.addFleetEvent({
        atMs: this.#world.clock.nowMs(),
        nodeId: entry.node.id,
        severity: 'error',
        reason: 'CommandsHeld',
        message: `${because}; no command is issued until it is promoted`,
      });
    });
    this.#onCommitted();
  }
}
