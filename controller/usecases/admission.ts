import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import { CONTROLLER } from '../domain/access/actor.js';
import { mayReturnWhileFrozen } from '../domain/takeover.js';
import type { AgentHello, AgentPeer } from './agent-messages.js';
import type { CommandHold } from './command-hold.js';
import type { Counters } from './counters.js';
import type { NodeEntry } from './node-table.js';
import type { Store, World } from './ports.js';
import { ThrottledEvents } from './throttled-events.js';

/** A stubborn peer is written down this often. */
const REFUSAL_TOLD_EVERY_MS = 10 * 60_000;

/** Boot id that was in service when a node was frozen. */
export const inServiceSetting = (id: NodeId): string => `in-service:${id}`;

/** Decides who may open a stream for which node, and records who may not. */
export class Admission {
  readonly #store: Store;
  readonly #world: World;
  readonly #hold: CommandHold;
  readonly #counters: Counters;
  readonly #findNode: (id: NodeId) => Promise<NodeEntry | undefined>;
  readonly #onCommitted: () => void;
  readonly #refusals: ThrottledEvents;

  constructor(deps: {
    readonly store: Store;
    readonly world: World;
    readonly hold: CommandHold;
    readonly counters: Counters;
    /** Reads the node as it is stored now. */
    readonly findNode: (id: NodeId) => Promise<NodeEntry | undefined>;
    readonly onCommitted: () => void;
  }) {
    this.#store = deps.store;
    this.#world = deps.world;
    this.#hold = deps.hold;
    this.#counters = deps.counters;
    this.#findNode = deps.findNode;
    this.#onCommitted = deps.onCommitted;
    this.#refusals = new ThrottledEvents(deps.store, deps.world, REFUSAL_TOLD_EVERY_MS);
  }

  /** @throws BrambleError `unauthenticated`, `permission-denied`, `already-exists` */
  async admit(peer: AgentPeer, hello: AgentHello): Promise<NodeEntry> {
    const entry = await this.#findNode(peer.nodeId);
    if (entry === undefined) throw new BrambleError('unauthenticated', `node ${peer.nodeId} is not known`);
    if (entry.node.lifecycle === 'revoked') {
      throw new BrambleError('unauthenticated', `node ${peer.nodeId} is revoked`, { hint: 'enrol it again' });
    }
    if (hello.kind !== peer.kind || peer.kind !== entry.node.kind) {
      const message = `its agent speaks as ${visible(hello.kind, 20)}, but it is a ${entry.node.kind}; it was refused`;
      this.#refused(entry, 'KindMismatch', message);
      throw new BrambleError('permission-denied', `a ${entry.node.kind} may not speak as ${visible(hello.kind, 20)}`);
    }
    if (entry.node.lifecycle === 'frozen') await this.#admitFrozen(entry, hello);
    await this.#hold.check(entry, hello.ledgerHead);
    return entry;
  }

  /** A newcomer turned out to be a clone: the node is frozen, the stream in service stays. */
  async freeze(entry: NodeEntry, bootIdInService: string, newcomerFrom: string): Promise<void> {
    this.#counters.add('clones_total');
    const { id } = entry.node;
    const event = {
      atMs: this.#world.clock.nowMs(),
      nodeId: id,
      severity: 'error',
      reason: 'IdentityClone',
      message:
        `a second board used the credential of this node, from ${visible(newcomerFrom, 80)}, while the first one was ` +
        'alive; the newcomer is refused, the one in service stays, and commands are stopped until a person thaws it',
    } as const;
    entry.node = await this.#store.transact(async (writer) => {
      const node = await writer.node(id);
      if (node === undefined || node.lifecycle !== 'enrolled') return node ?? entry.node;
      const frozen = { ...node, lifecycle: 'frozen' } as const;
      await writer.putNode(frozen);
      await writer.putSetting(inServiceSetting(id), bootIdInService);
      await writer.addFleetEvent(event);
      const done = { atMs: event.atMs, actor: CONTROLLER, target: id, site: node.site, outcome: 'done' } as const;
      await writer.audit.add({ ...done, action: 'node.freeze', details: { from: visible(newcomerFrom, 80) } });
      return frozen;
    });
    this.#onCommitted();
  }

  async #admitFrozen(entry: NodeEntry, hello: AgentHello): Promise<void> {
    const inService =
      entry.bootId === '' ? await this.#store.reader.setting(inServiceSetting(entry.node.id)) : entry.bootId;
    if (mayReturnWhileFrozen(inService, hello)) return;
    this.#refused(entry, 'CloneRefused', 'an agent that was not in service when this node was frozen was refused');
    throw frozenError(entry.node.id);
  }

  #refused(entry: NodeEntry, reason: string, message: string): void {
    const { id } = entry.node;
    this.#refusals.tell(`${id} ${reason}`, { nodeId: id, severity: 'warning', reason, message });
  }
}

export function frozenError(id: NodeId): BrambleError {
  const hint = 'find out which board is the true one, then thaw or revoke the node';
  return new BrambleError('already-exists', `node ${id} is frozen: its credential was seen on two boards`, { hint });
}
