import type { CommandId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import { uuidv7TimeMs } from '../domain/command-age.js';
import type { NodeEntry } from './node-table.js';
import type { Store, World } from './ports.js';

const HELD_SETTING = 'commands-held';

/** Older commands may be gone from the store by its retention, so not knowing them proves nothing. */
const CONCLUSIVE_AGE_MAX_MS = 180 * 86_400_000;

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

  private constructor(deps: HoldDeps, because: string | undefined) {
    this.#store = deps.store;
    this.#world = deps.world;
    this.#onCommitted = deps.onCommitted;
    this.#because = because;
  }

  static async load(deps: HoldDeps): Promise<CommandHold> {
    return new CommandHold(deps, await deps.store.reader.setting(HELD_SETTING));
  }

  /** Why commands are held; `undefined` = they are not. */
  get because(): string | undefined {
    return this.#because;
  }

  /** Compares what an actuator remembers with what this controller knows; holds before it returns when they disagree. */
  async check(
    entry: NodeEntry,
    ledger: { readonly newestCommandIds: readonly CommandId[]; readonly epochHighest: number },
    epoch: number,
  ): Promise<void> {
    if (this.#because !== undefined) return;
    const oldestMs = this.#world.clock.nowMs() - CONCLUSIVE_AGE_MAX_MS;
    const conclusive = ledger.newestCommandIds.filter((id) => uuidv7TimeMs(id) >= oldestMs);
    const unknown = conclusive.length === 0 ? [] : await this.#store.reader.unknownCommands(conclusive);
    const name = visible(entry.node.name, 63);
    const [first] = unknown;
    if (first !== undefined) await this.#hold(entry, `${name} remembers command ${first}, which is not on record here`);
    else if (ledger.epochHighest > epoch) {
      await this.#hold(entry, `${name} has obeyed epoch ${ledger.epochHighest}; this controller is at epoch ${epoch}`);
    }
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
