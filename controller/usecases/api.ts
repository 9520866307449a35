import type { BatchAnswer, BatchRequest } from '../../proto/contract/api/batch.js';
import type { BoardView, NodeBootView } from '../../proto/contract/api/boot.js';
import type {
  CommandView,
  EnrollmentView,
  EventView,
  MaintenanceView,
  NodeDetail,
  NodeView,
  SiteView,
  TokenView,
} from '../../proto/contract/api/fleet.js';
import type { NodeLoad } from '../../proto/contract/api/lists.js';
import type { NodeConfigRollback, NodeConfigView } from '../../proto/contract/api/node-config.js';
import type {
  CommandCreate,
  MaintenanceStart,
  NodeChange,
  SiteChange,
  SiteCreate,
  TokenCreate,
} from '../../proto/contract/api/requests.js';
import type { CommandId, NodeId, NodeKind, SiteId } from '../../proto/contract/ids.js';
import type { Actor } from '../domain/access/actor.js';
import type { CommandState } from '../domain/command.js';
import type { EnrollmentState } from '../domain/enrollment.js';
import type { Severity } from '../domain/event.js';
import type { MaintenanceScope } from '../domain/maintenance.js';
import type { ConfigWish } from '../domain/node-config.js';
import type { LoadQuery } from './node-loads.js';
import type { NodeFilter, NodeQuery } from './node-query.js';
import type { Paged, PageQuery } from './paging.js';
import type { EnrollmentKey, TokenKey } from './ports.js';

export interface EventQuery extends PageQuery<number> {
  readonly nodeId?: NodeId | undefined;
  readonly severity?: Severity | undefined;
  /** Any of these. */
  readonly reasons?: readonly string[] | undefined;
  /** Of nodes like these; events that belong to no node match only the filter that asks nothing. */
  readonly nodes?: NodeFilter | undefined;
}

export interface BoardQuery {
  readonly site?: SiteId | undefined;
  /** Only those that no node of the fleet has. */
  readonly unknownOnly: boolean;
}

export interface CommandQuery extends PageQuery<CommandId> {
  readonly nodeId?: NodeId | undefined;
  readonly state?: CommandState | undefined;
  readonly nodes?: NodeFilter | undefined;
}

/** What is wanted of things that will become nodes. */
export interface JoinFilter {
  readonly site?: SiteId | undefined;
  readonly kind?: NodeKind | undefined;
  /** See NodeFilter. */
  readonly within?: ReadonlySet<string> | undefined;
}

export interface TokenQuery extends JoinFilter, PageQuery<TokenKey> {}

export interface EnrollmentQuery extends JoinFilter, PageQuery<EnrollmentKey> {
  readonly state: EnrollmentState;
}

export function matchesJoin(
  { site, kind, within }: JoinFilter,
  of: { readonly site: SiteId; readonly kind: NodeKind },
): boolean {
  if (within !== undefined && !within.has(of.site)) return false;
  return (site === undefined || of.site === site) && (kind === undefined || of.kind === kind);
}

/** What people and tools may ask of a running controller; the web adapter is a translation of this. */
export interface FleetApi {
  /** Goes up with whatever a list of nodes shows; see FleetWatch.version. Starts anew with the controller. */
  version(): string;
  nodes(): readonly NodeView[];
  nodePage(query: NodeQuery): Paged<NodeView, NodeId>;
  /** See nodeLoads(). */
  loads(query: LoadQuery): readonly NodeLoad[];
  /** @throws BrambleError `not-found` */
  node(id: NodeId): NodeDetail;
  /** How its present boot stands. @throws BrambleError `not-found` */
  nodeBoot(id: NodeId): NodeBootView;
  /** Boards that fileservers have seen boot, seen last first; a thousand at most. */
  boards(query: BoardQuery): readonly BoardView[];
  /** Newest first. */
  events(query: EventQuery): Promise<Paged<EventView, number>>;
  /** Oldest first; `within`: of nodes of these sites only. An empty answer means that there are no more. */
  eventsAfter(afterId: number, limit: number, within?: ReadonlySet<string>): Promise<readonly EventView[]>;
  /** The highest id of an event that is no longer kept; 0 = all are. */
  eventsPrunedThrough(): Promise<number>;
  /** Told of every change, after it is committed where it must be; returns the way to stop. */
  watch(listener: (change: FleetChange) => void): () => void;

  /**
   * Name, labels, capabilities. `revision`: what the caller saw, when that matters.
   * @throws BrambleError `not-found`, `invalid-argument`, `already-exists` (name taken), `failed-precondition` (changed meanwhile)
   */
  changeNode(id: NodeId, change: NodeChange, revision: number | undefined, actor: Actor): Promise<NodeView>;
  /** @throws BrambleError `not-found`, `invalid-argument` */
  startMaintenance(scope: MaintenanceScope, start: MaintenanceStart, actor: Actor): Promise<MaintenanceView>;
  /** What is not in maintenance stays so. @throws BrambleError `not-found` */
  endMaintenance(scope: MaintenanceScope, actor: Actor): Promise<void>;

  /**
   * Several changes, all or none.
   * @throws BrambleError with the code of the first refusal, and every one in `details.errors`
   */
  batch(request: BatchRequest, actor: Actor): Promise<BatchAnswer>;

  /** By name. */
  sites(): Promise<readonly SiteView[]>;
  /** @throws BrambleError `not-found` */
  site(id: SiteId): Promise<SiteView>;
  /** @throws BrambleError `already-exists`, `invalid-argument` */
  createSite(create: SiteCreate, actor: Actor): Promise<SiteView>;
  /** @throws BrambleError `not-found`, `failed-precondition` (changed meanwhile) */
  changeSite(id: SiteId, change: SiteChange, revision: number | undefined, actor: Actor): Promise<SiteView>;
  /** @throws BrambleError `not-found`, `failed-precondition` (not empty, changed meanwhile) */
  removeSite(id: SiteId, revision: number | undefined, actor: Actor): Promise<SiteView>;

  /** @throws BrambleError `not-found`, `failed-precondition` (revoked, frozen, held), `invalid-argument` */
  issueCommand(id: NodeId, create: CommandCreate, actor: Actor): Promise<CommandView>;
  /** @throws BrambleError `not-found` */
  command(id: CommandId): Promise<CommandView>;
  /** Newest first. @throws BrambleError `not-found` for a node that never was */
  commands(query: CommandQuery): Promise<Paged<CommandView, CommandId>>;
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
  tokens(query: TokenQuery): Promise<Paged<TokenView, TokenKey>>;
  /** @throws BrambleError `not-found` */
  revokeToken(keyId: string, actor: Actor): Promise<TokenView>;
  enrollments(query: EnrollmentQuery): Promise<Paged<EnrollmentView, EnrollmentKey>>;
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
