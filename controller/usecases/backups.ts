import type { BackupView, PromotionView } from '../../proto/contract/api/backup.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { visible } from '../../proto/contract/visible.js';
import { assertMay, type Caller } from './access/caller.js';
import type { Core } from './core.js';
import type { Store, World } from './ports.js';

/** A backup that is whole and on disk. */
export type MadeBackup = BackupView;

/** Where backups are written. */
export interface BackupFiles {
  make(withKeys: boolean): Promise<MadeBackup>;
}

export interface BackupsDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'>;
  readonly files: BackupFiles;
  readonly core: Pick<Core, 'promote'>;
  /** What a person has to type to promote this controller. */
  readonly hostName: string;
}

/** Copies of what the controller must not lose, and its return to service after one was put in its place. */
export class Backups {
  readonly #deps: BackupsDeps;
  #isBusy = false;

  constructor(deps: BackupsDeps) {
    this.#deps = deps;
  }

  /** @throws BrambleError `permission-denied`, `aborted` (another one is being made), `unavailable` (disk) */
  async make(wish: { readonly withKeys: boolean; readonly reason: string }, caller: Caller): Promise<BackupView> {
    assertMay(caller, 'fleet.manage');
    if (this.#isBusy) {
      throw new BrambleError('aborted', 'another backup is being made', { hint: 'ask again when it is done' });
    }
    this.#isBusy = true;
    try {
      const made = await this.#deps.files.make(wish.withKeys);
      await this.#note(made, visible(wish.reason, 500), caller);
      return made;
    } finally {
      this.#isBusy = false;
    }
  }

  /** @throws BrambleError `permission-denied`, `failed-precondition` (not held, not confirmed) */
  async promote(wish: { readonly reason: string; readonly confirm: string }, caller: Caller): Promise<PromotionView> {
    assertMay(caller, 'fleet.manage');
    const { hostName, core } = this.#deps;
    if (wish.confirm !== hostName) {
      throw new BrambleError('failed-precondition', `this would let the controller on ${hostName} command the fleet`, {
        hint: `when no other copy of it runs any more, say so with --confirm=${hostName}`,
        context: { gate: 'confirm' },
      });
    }
    return core.promote(wish.reason, caller.actor);
  }

  async #note(made: MadeBackup, reason: string, { actor }: Caller): Promise<void> {
    const { store, world } = this.#deps;
    const atMs = world.clock.nowMs();
    const what = made.withKeys ? 'the database and the keys of the fleet' : 'the database, without the keys';
    await store.transact(async (writer) => {
      await writer.addFleetEvent({
        atMs,
        nodeId: undefined,
        severity: 'info',
        reason: 'BackupMade',
        message: `${visible(actor.name, 100)} made the backup ${made.name}: ${what}`,
      });
      const done = { atMs, actor, target: made.name, site: undefined, outcome: 'done' } as const;
      await writer.audit.add({ ...done, action: 'backup.make', details: { withKeys: made.withKeys, reason } });
    });
  }
}
