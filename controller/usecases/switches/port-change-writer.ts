import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import type { CommandAction } from '../../domain/command.js';
import type { Severity } from '../../domain/event.js';
import {
  confirmBeforeMs,
  needsOrderBack,
  type PortChange,
  type PortChangePart,
} from '../../domain/switch/port-change.js';
import type { Commands, PreparedCommand } from '../commands.js';
import { carryOut, type Prepared } from '../mutation.js';
import type { NodeTable } from '../node-table.js';
import type { Store, StoreWriter, World } from '../ports.js';
import { portChangeSight } from './port-change-sight.js';

export interface PortChangeDeps {
  readonly store: Store;
  readonly world: World;
  readonly nodes: NodeTable;
  readonly commands: Pick<Commands, 'issueIn'>;
  /** There are new fleet events. */
  readonly onCommitted: () => void;
}

/** A switch that has not begun by then goes on as it was, ms. */
const APPLY_WITHIN_MS = 30_000;
/** A word that it may stay is of no use much later, ms. */
const CONFIRM_WITHIN_MS = 9_000;
const BACK_WITHIN_MS = 60_000;
const DETAIL_MAX = 500;

const ENDS = {
  kept: { severity: 'info', reason: 'PortsKept', words: 'the change of its ports stays' },
  'taken-back': { severity: 'warning', reason: 'PortsTakenBack', words: 'the change of its ports was taken back' },
  split: {
    severity: 'error',
    reason: 'PortsSplit',
    words: 'the change of ports stayed at some switches and not at others',
  },
  stuck: { severity: 'error', reason: 'PortsStuck', words: 'the change of ports could not be taken back for certain' },
} as const satisfies Record<string, { severity: Severity; reason: string; words: string }>;

/** Writes each step of a change of ports together with the orders that it consists of. */
export class PortChangeWriter {
  readonly #deps: PortChangeDeps;

  constructor(deps: PortChangeDeps) {
    this.#deps = deps;
  }

  /** The orders to all switches and the record of them: all in one transaction, or none. */
  async applyIn(writer: StoreWriter, change: PortChange, actor: Actor): Promise<Prepared<PortChange>> {
    const { confirmWithinMs } = change;
    const given = await this.#orderIn(writer, change, actor, {
      parts: change.parts,
      validForMs: APPLY_WITHIN_MS,
      actionOf: ({ plan }) => ({ kind: 'switch-apply', plan, confirmWithinMs }),
    });
    const parts = change.parts.map((part) => ({ ...part, applied: given.idOf(part) }));
    const next = { ...change, parts };
    await writer.switches.putChange(next);
    for (const { nodeId, site } of parts) {
      const done = { atMs: change.atMs, actor, target: nodeId, site, outcome: 'done' } as const;
      await writer.audit.add({
        ...done,
        action: 'ports.change',
        details: { change: change.id, reason: change.reason },
      });
    }
    return given.prepared(next);
  }

  async orderConfirm(change: PortChange): Promise<PortChange> {
    const { store, world } = this.#deps;
    const nowMs = world.clock.nowMs();
    const leftMs = confirmBeforeMs(change) - nowMs + CONFIRM_WITHIN_MS;
    return await carryOut(store, async (writer) => {
      const given = await this.#orderIn(writer, change, this.actorOf(change), {
        parts: change.parts,
        validForMs: Math.max(1_000, leftMs),
        actionOf: ({ applied = '' }) => ({ kind: 'switch-confirm', changeId: applied }),
      });
      const parts = change.parts.map((part) => ({ ...part, settled: given.idOf(part) }));
      const next: PortChange = { ...change, parts, state: 'confirming', stateAtMs: nowMs, detail: '' };
      await writer.switches.putChange(next);
      return given.prepared(next);
    });
  }

  /** To everyone who may have their part on trial. A switch that cannot be told goes back by itself. */
  async orderBack(change: PortChange, why: string, asked: Actor | undefined): Promise<PortChange> {
    const { store, world } = this.#deps;
    const { parts: sights } = await portChangeSight(change, this.#deps);
    const concerned = change.parts.filter((_, at) => {
      const sight = sights[at];
      return sight !== undefined && needsOrderBack(sight);
    });
    return await carryOut(store, async (writer) => {
      const given = await this.#orderIn(writer, change, asked ?? this.actorOf(change), {
        parts: concerned,
        validForMs: BACK_WITHIN_MS,
        actionOf: ({ applied = '' }) => ({ kind: 'switch-roll-back', changeId: applied }),
        mayFail: true,
      });
      const parts = change.parts.map((part) => ({ ...part, settled: given.idOf(part) }));
      const detail = visible(why, DETAIL_MAX);
      const next: PortChange = { ...change, parts, state: 'taking-back', stateAtMs: world.clock.nowMs(), detail };
      await writer.switches.putChange(next);
      return given.prepared(next);
    });
  }

  async become(change: PortChange, state: 'watching', detail: string): Promise<PortChange> {
    const next = { ...change, state, stateAtMs: this.#deps.world.clock.nowMs(), detail };
    await this.#deps.store.transact((writer) => writer.switches.putChange(next));
    return next;
  }

  async end(change: PortChange, state: keyof typeof ENDS, why: string): Promise<PortChange> {
    const { store, world, onCommitted } = this.#deps;
    const atMs = world.clock.nowMs();
    const next: PortChange = { ...change, state, stateAtMs: atMs, detail: visible(why, DETAIL_MAX) };
    const { words, ...event } = ENDS[state];
    const { parts: sights } = await portChangeSight(change, this.#deps);
    const hasKept = (at: number): boolean =>
      state === 'kept' || (state === 'split' && sights[at]?.settled === 'succeeded');
    await store.transact(async (writer) => {
      await writer.switches.putChange(next);
      for (const [at, { nodeId, plan }] of change.parts.entries()) {
        await writer.addFleetEvent({ atMs, nodeId, ...event, message: `${words} (${change.id}): ${next.detail}` });
        if (!hasKept(at)) continue;
        const revision = ((await writer.switches.keptPlan(nodeId))?.revision ?? 0) + 1;
        const { id: changeId, actor, reason } = change;
        await writer.switches.addKeptPlan({ nodeId, revision, plan, changeId, atMs, actor, reason });
      }
    });
    onCommitted();
    return next;
  }

  async put(change: PortChange, { actor, action }: { readonly actor: Actor; readonly action: string }): Promise<void> {
    const atMs = this.#deps.world.clock.nowMs();
    await this.#deps.store.transact(async (writer) => {
      await writer.switches.putChange(change);
      for (const { nodeId, site } of change.parts) {
        const done = { atMs, actor, target: nodeId, site, outcome: 'done' } as const;
        await writer.audit.add({ ...done, action, details: { change: change.id } });
      }
    });
  }

  /** What follows from somebody's order is ordered in their name: it is not sent once they have lost the right to it. */
  actorOf({ actor }: Pick<PortChange, 'actor'>): Actor {
    return { name: actor, role: 'controller', source: 'controller', requestId: '' };
  }

  async #orderIn(
    writer: StoreWriter,
    { id, reason }: PortChange,
    actor: Actor,
    order: {
      readonly parts: readonly PortChangePart[];
      readonly validForMs: number;
      readonly actionOf: (part: PortChangePart) => CommandAction;
      /** What cannot be ordered is left out. */
      readonly mayFail?: boolean;
    },
  ) {
    const given = new Map<PortChangePart, PreparedCommand>();
    const undone = (): void => {
      for (const command of given.values()) command.undone?.();
    };
    for (const part of order.parts) {
      const create = {
        action: order.actionOf(part),
        reason: visible(`change ${id}: ${reason}`, DETAIL_MAX),
        validForMs: order.validForMs,
      };
      try {
        given.set(part, await this.#deps.commands.issueIn(writer, part.nodeId, create, actor));
      } catch (thrown) {
        if (order.mayFail === true && BrambleError.from(thrown).code === 'failed-precondition') continue;
        undone();
        throw thrown;
      }
    }
    return {
      idOf: (part: PortChangePart) => given.get(part)?.record.id,
      prepared: (next: PortChange): Prepared<PortChange> => ({
        undone,
        committed: async () => {
          for (const command of given.values()) await command.committed();
          return next;
        },
      }),
    };
  }
}
