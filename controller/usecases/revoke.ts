import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import type { Node } from '../domain/node.js';
import type { GoodbyeReason } from './agent-messages.js';
import type { Identities } from './identities.js';
import { carryOut, type Prepared } from './mutation.js';
import type { Store, StoreWriter, World } from './ports.js';

export interface RevocationsDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock'>;
  readonly identities: Identities;
  /** Ends the node's stream, if it has one, within a second. */
  readonly closeNode: (id: NodeId, reason: GoodbyeReason, detail: string) => void;
}

/** Puts nodes out for good, and frozen ones back in. */
export class Revocations {
  readonly #deps: RevocationsDeps;

  constructor(deps: RevocationsDeps) {
    this.#deps = deps;
  }

  /** When it resolves the revocation is stored, no call of the node is let in, and its stream is being closed. */
  async revokeNode(id: NodeId, reason: string, actor: Actor): Promise<Node> {
    return await carryOut(this.#deps.store, (writer) => this.revokeIn(writer, { id, reason }, actor));
  }

  async revokeIn(
    writer: StoreWriter,
    { id, reason }: { readonly id: NodeId; readonly reason: string },
    actor: Actor,
  ): Promise<Prepared<Node>> {
    const { world, identities, closeNode } = this.#deps;
    const stored = await writer.node(id);
    if (stored === undefined) throw unknownNode(id);
    const node: Node = { ...stored, lifecycle: 'revoked' };
    if (stored.lifecycle !== 'revoked') {
      await writer.putNode(node);
      const message = `${visible(actor.name, 80)} revoked it: ${visible(reason)}`;
      const atMs = world.clock.nowMs();
      await writer.addFleetEvent({ atMs, nodeId: id, severity: 'warning', reason: 'NodeRevoked', message });
      await auditNode(writer, stored, { atMs, actor, action: 'node.revoke', reason });
    }
    return {
      committed: () => {
        identities.put(node, []);
        closeNode(id, 'revoked', visible(reason));
        return node;
      },
    };
  }

  /** @throws BrambleError `not-found`, `failed-precondition` when it is not frozen */
  async thawNode(id: NodeId, reason: string, actor: Actor): Promise<Node> {
    return await carryOut(this.#deps.store, (writer) => this.thawIn(writer, { id, reason }, actor));
  }

  async thawIn(
    writer: StoreWriter,
    { id, reason }: { readonly id: NodeId; readonly reason: string },
    actor: Actor,
  ): Promise<Prepared<Node>> {
    const { world, identities } = this.#deps;
    const stored = await writer.node(id);
    if (stored === undefined) throw unknownNode(id);
    if (stored.lifecycle !== 'frozen') {
      throw new BrambleError('failed-precondition', `node ${id} is ${stored.lifecycle}, not frozen`, {
        hint: 'only a node that was frozen because of a clone can be thawed',
      });
    }
    const node: Node = { ...stored, lifecycle: 'enrolled' };
    await writer.putNode(node);
    const message = `${visible(actor.name, 80)} thawed it: ${visible(reason)}`;
    const atMs = world.clock.nowMs();
    await writer.addFleetEvent({ atMs, nodeId: id, severity: 'info', reason: 'NodeThawed', message });
    await auditNode(writer, stored, { atMs, actor, action: 'node.thaw', reason });
    const credentials = await writer.credentials(id);
    return {
      committed: () => {
        identities.put(node, credentials);
        return node;
      },
    };
  }
}

async function auditNode(
  writer: StoreWriter,
  { id, site, name, lifecycle }: Node,
  done: { readonly atMs: number; readonly actor: Actor; readonly action: string; readonly reason: string },
): Promise<void> {
  const { atMs, actor, action } = done;
  const details = { name, before: lifecycle, reason: visible(done.reason) };
  await writer.audit.add({ atMs, actor, action, target: id, site, outcome: 'done', details });
}

function unknownNode(id: NodeId): BrambleError {
  return new BrambleError('not-found', `node ${id} is not known`);
}
