import type { NodeId } from '../../proto/contract/ids.js';
import { CONTROLLER } from '../domain/access/actor.js';
import { inServiceSetting } from './admission.js';
import type { Identities, IdentityWatcher } from './identities.js';
import type { Store, World } from './ports.js';

export interface ClonesDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly identities: Identities;
  /** Boot id of the agent that serves the node now; empty when none does. */
  readonly bootIdInService: (id: NodeId) => string;
  /** Told after a node was frozen and the freeze is stored. */
  readonly onFrozen: (id: NodeId) => void;
}

const TOLD_EVERY_MS = 600_000;

/**
 * What follows when credentials betray that two boards are one node: it is frozen, which refuses newcomers and stops
 * commands; the stream in service stays, because nobody can tell from here which board is the true one.
 */
export class Clones implements IdentityWatcher {
  readonly #deps: ClonesDeps;
  /** Node -> when it was last frozen here, monotonic. */
  readonly #frozenAtMs = new Map<NodeId, number>();

  constructor(deps: ClonesDeps) {
    this.#deps = deps;
  }

  /** The one before has done its duty: stored as ended, so that a restart does not make it good again. */
  newestUsed(id: NodeId): void {
    const { store, world, identities } = this.#deps;
    const nowMs = world.clock.nowMs();
    const work = store.transact(async (writer) => {
      const [, before] = (await writer.credentials(id)).toSorted((a, b) => b.renewalCounter - a.renewalCounter);
      if (before === undefined || before.expiresAtMs <= nowMs) return undefined;
      await writer.putCredential({ ...before, expiresAtMs: nowMs });
      return { node: await writer.node(id), credentials: await writer.credentials(id) };
    });
    void work.then(
      (stored) => {
        if (stored?.node !== undefined) identities.put(stored.node, stored.credentials);
      },
      (thrown: unknown) => {
        world.log.warn({ err: thrown, nodeId: id }, 'that a credential has ended could not be written down');
      },
    );
  }

  retiredUsed(id: NodeId): void {
    const nowMs = this.#deps.world.clock.monotonicMs();
    const last = this.#frozenAtMs.get(id);
    if (last !== undefined && nowMs - last < TOLD_EVERY_MS) return; // it keeps trying, and all is said
    this.#frozenAtMs.set(id, nowMs);
    void this.freeze(id, 'a board came with a credential that this node has replaced').catch((thrown: unknown) => {
      this.#frozenAtMs.delete(id);
      this.#deps.world.log.warn(
        { err: thrown, nodeId: id },
        'a node could not be frozen; tried again when it comes back',
      );
    });
  }

  /** No change for a node that is not in service any more. @throws BrambleError of the store */
  async freeze(id: NodeId, evidence: string): Promise<void> {
    const { store, world, bootIdInService, onFrozen } = this.#deps;
    const isFrozen = await store.transact(async (writer) => {
      const node = await writer.node(id);
      if (node?.lifecycle !== 'enrolled') return false;
      await writer.putNode({ ...node, lifecycle: 'frozen' });
      await writer.putSetting(inServiceSetting(id), bootIdInService(id));
      const message = `${evidence}; newcomers are refused and commands are stopped until a person thaws or revokes it`;
      const event = {
        atMs: world.clock.nowMs(),
        nodeId: id,
        severity: 'error',
        reason: 'IdentityClone',
        message,
      } as const;
      await writer.addFleetEvent(event);
      const done = { atMs: event.atMs, actor: CONTROLLER, target: id, site: node.site, outcome: 'done' } as const;
      await writer.audit.add({ ...done, action: 'node.freeze', details: { evidence } });
      return true;
    });
    if (isFrozen) onFrozen(id);
  }
}
