import type {
  CommandView,
  EnrollmentView,
  EventView,
  NodeDetail,
  NodeView,
  TokenView,
} from '../../proto/contract/api/fleet.js';
import type { NodeConfigRollback, NodeConfigView } from '../../proto/contract/api/node-config.js';
import type { CommandCreate, TokenCreate } from '../../proto/contract/api/requests.js';
import type { CommandId, NodeId } from '../../proto/contract/ids.js';
import type { Actor } from '../domain/access/actor.js';
import type { ConfigWish } from '../domain/node-config.js';

/** What people and tools may ask of a running controller; the web adapter is a translation of this. */
export interface FleetApi {
  nodes(): readonly NodeView[];
  /** @throws BrambleError `not-found` */
  node(id: NodeId): NodeDetail;
  events(query: { readonly nodeId: NodeId | undefined; readonly limit: number }): Promise<readonly EventView[]>;
  eventsAfter(afterId: number, limit: number): Promise<readonly EventView[]>;
  /** Told of every change, after it is committed where it must be; returns the way to stop. */
  watch(listener: (change: FleetChange) => void): () => void;

  /** @throws BrambleError `not-found`, `failed-precondition` (revoked, frozen, held), `invalid-argument` */
  issueCommand(id: NodeId, create: CommandCreate, actor: Actor): Promise<CommandView>;
  /** @throws BrambleError `not-found` */
  command(id: CommandId): Promise<CommandView>;
  commands(id: NodeId, limit: number): Promise<readonly CommandView[]>;
  /** @throws BrambleError `not-found`; already revoked is success. Streams are closed within a second. */
  revokeNode(id: NodeId, reason: string, actor: Actor): Promise<NodeView>;
  /** Ends a freeze after a person has settled which board is the true one. @throws BrambleError `not-found`, `failed-precondition` */
  thawNode(id: NodeId, reason: string, actor: Actor): Promise<NodeView>;

  /** What the node should be of its own configuration; revision 0 = nothing was ever said. @throws BrambleError `not-found` */
  nodeConfig(id: NodeId): Promise<NodeConfigView>;
  /** Newest first. @throws BrambleError `not-found` */
  nodeConfigHistory(id: NodeId, limit: number): Promise<readonly NodeConfigView[]>;
  /** @throws BrambleError `not-found`, `failed-precondition` (revoked, or somebody else has changed it meanwhile) */
  setNodeConfig(id: NodeId, wish: ConfigWish, actor: Actor): Promise<NodeConfigView>;
  /** Makes a former revision count again, as a new one. @throws as setNodeConfig() */
  rollbackNodeConfig(id: NodeId, rollback: NodeConfigRollback, actor: Actor): Promise<NodeConfigView>;

  /** The secret is in the answer and nowhere else. */
  createToken(create: TokenCreate, actor: Actor): Promise<{ readonly token: string; readonly view: TokenView }>;
  tokens(limit: number): Promise<readonly TokenView[]>;
  /** @throws BrambleError `not-found` */
  revokeToken(keyId: string, actor: Actor): Promise<TokenView>;
  enrollments(state: 'pending' | 'approved' | 'rejected', limit: number): Promise<readonly EnrollmentView[]>;
  /** @throws BrambleError `not-found`, `failed-precondition` (already decided), `already-exists` (name taken) */
  approveEnrollment(
    fingerprint: string,
    name: string | undefined,
    reason: string,
    actor: Actor,
  ): Promise<EnrollmentView>;
  /** @throws BrambleError `not-found`, `failed-precondition` */
  rejectEnrollment(fingerprint: string, reason: string, actor: Actor): Promise<EnrollmentView>;
}

export type FleetChange =
  | { readonly kind: 'node'; readonly node: NodeView }
  | { readonly kind: 'event'; readonly event: EventView };
