import type { CommandView, EnrollmentView, NodeView } from '../../proto/contract/api/fleet.js';
import type { CommandCreate, NodeChange } from '../../proto/contract/api/requests.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type NodeId, nodeId as parseNodeId } from '../../proto/contract/ids.js';
import type { Actor } from '../domain/access/actor.js';
import { changeNodeIn } from './change-node.js';
import type { Core } from './core.js';
import type { Enrollments } from './enroll.js';
import { commandView, nodeView } from './fleet-view.js';
import type { Identities } from './identities.js';
import type { Prepared } from './mutation.js';
import type { NodeEntry } from './node-table.js';
import type { StoreWriter } from './ports.js';
import type { Revocations } from './revoke.js';
import type { JoinTokens } from './tokens.js';

/** The parts of the API that other use cases answer. */
export interface FleetParts {
  readonly tokens: Pick<JoinTokens, 'createToken' | 'tokens' | 'revokeTokenIn'>;
  readonly enrollments: Pick<Enrollments, 'enrollments' | 'approveIn' | 'rejectIn'>;
  readonly revocations: Pick<Revocations, 'revokeIn' | 'thawIn'>;
  readonly identities: Pick<Identities, 'renamed'>;
}

/** Changes as people ask for them, each as its two halves, so that one or many can be one transaction. */
export class Changes {
  readonly #core: Core;
  readonly #parts: FleetParts;

  constructor(core: Core, parts: FleetParts) {
    this.#core = core;
    this.#parts = parts;
  }

  changeNode(
    writer: StoreWriter,
    asked: { readonly id: NodeId; readonly change: NodeChange; readonly revision?: number | undefined },
    actor: Actor,
  ): Promise<Prepared<NodeView>> {
    const { world, refreshNode } = this.#core;
    return changeNodeIn(writer, { world, refreshNode, identities: this.#parts.identities }, { ...asked, actor });
  }

  async issueCommand(
    writer: StoreWriter,
    { id, create }: { readonly id: NodeId; readonly create: CommandCreate },
    actor: Actor,
  ): Promise<Prepared<CommandView>> {
    return mapAnswer(await this.#core.commands.issueIn(writer, id, create, actor), commandView);
  }

  async revokeNode(
    writer: StoreWriter,
    asked: { readonly id: NodeId; readonly reason: string },
    actor: Actor,
  ): Promise<Prepared<NodeView>> {
    return mapAnswer(await this.#parts.revocations.revokeIn(writer, asked, actor), async () => {
      const entry = await this.#refreshed(asked.id);
      await this.#core.commands.nodeRevoked(asked.id);
      return nodeView(entry);
    });
  }

  async thawNode(
    writer: StoreWriter,
    asked: { readonly id: NodeId; readonly reason: string },
    actor: Actor,
  ): Promise<Prepared<NodeView>> {
    const prepared = await this.#parts.revocations.thawIn(writer, asked, actor);
    return mapAnswer(prepared, async () => nodeView(await this.#refreshed(asked.id)));
  }

  async approveEnrollment(
    writer: StoreWriter,
    asked: { readonly fingerprint: string; readonly name?: string | undefined; readonly reason: string },
    actor: Actor,
  ): Promise<Prepared<EnrollmentView>> {
    return mapAnswer(await this.#parts.enrollments.approveIn(writer, asked, actor), async (view) => {
      if (view.nodeId !== undefined) await this.#core.refreshNode(parseNodeId(view.nodeId));
      return view;
    });
  }

  async #refreshed(id: NodeId): Promise<NodeEntry> {
    const entry = await this.#core.refreshNode(id);
    if (entry === undefined) throw new BrambleError('not-found', `node ${id} is not known`);
    return entry;
  }
}

/** The same change with another answer. */
export function mapAnswer<From, To>(
  { committed, undone }: Prepared<From>,
  next: (answer: From) => To | Promise<To>,
): Prepared<To> {
  return { committed: async () => next(await committed()), ...(undone === undefined ? {} : { undone }) };
}
