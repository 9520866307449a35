import type { BatchAnswer, BatchOperation, BatchRequest } from '../../../proto/contract/api/batch.js';
import type { BoardView, NodeBootView } from '../../../proto/contract/api/boot.js';
import type {
  CommandView,
  EnrollmentView,
  EventView,
  MaintenanceView,
  NodeDetail,
  NodeView,
  SiteView,
  TokenView,
} from '../../../proto/contract/api/fleet.js';
import type { NodeLoad } from '../../../proto/contract/api/lists.js';
import type { NodeConfigRollback, NodeConfigView } from '../../../proto/contract/api/node-config.js';
import type {
  CommandCreate,
  MaintenanceStart,
  NodeChange,
  SiteChange,
  SiteCreate,
  TokenCreate,
} from '../../../proto/contract/api/requests.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import {
  type CommandId,
  type NodeId,
  nodeId as parseNodeId,
  siteId as parseSiteId,
  type SiteId,
} from '../../../proto/contract/ids.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import { covers, isNowhere, type Scope, scopeOf } from '../../domain/access/authorise.js';
import type { Permission } from '../../domain/access/permission.js';
import type { MaintenanceScope } from '../../domain/maintenance.js';
import type { ConfigWish } from '../../domain/node-config.js';
import type {
  BoardQuery,
  CommandQuery,
  EnrollmentQuery,
  EventQuery,
  FleetApi,
  FleetChange,
  TokenQuery,
} from '../api.js';
import { maintenanceScopeOf, tryEach } from '../batch.js';
import type { LoadQuery } from '../node-loads.js';
import type { NodeQuery } from '../node-query.js';
import type { Paged } from '../paging.js';
import type { EnrollmentKey, TokenKey } from '../ports.js';
import { UNKNOWN_SITE_HINT } from '../sites.js';
import { assertMay, type Caller } from './caller.js';

/** Where things belong whose id does not say it. */
export interface SiteLookup {
  joinTokenSite(keyId: string): Promise<SiteId | undefined>;
  enrollmentSite(fingerprint: string): Promise<SiteId | undefined>;
}

/**
 * The fleet as one caller may see and change it. Lists hold what is in their scope; what is not is not found, with the
 * very words for what never was; what they may see but not change is denied. Nothing else stands between a request and
 * the fleet, so every method of it is here.
 */
export class ScopedFleet implements FleetApi {
  readonly #fleet: FleetApi;
  readonly #lookup: SiteLookup;
  readonly #caller: Caller;

  constructor(fleet: FleetApi, lookup: SiteLookup, caller: Caller) {
    this.#fleet = fleet;
    this.#lookup = lookup;
    this.#caller = caller;
  }

  /** Lists of callers with other scopes are other lists. */
  version(): string {
    const scope = this.#scope('nodes.read');
    const version = this.#fleet.version();
    return scope === 'all' ? version : [version, ...[...scope].sort()].join('.');
  }

  nodes(): readonly NodeView[] {
    const scope = this.#scope('nodes.read');
    const nodes = this.#fleet.nodes();
    return scope === 'all' ? nodes : nodes.filter(({ site }) => scope.has(site));
  }

  nodePage(query: NodeQuery): Paged<NodeView, NodeId> {
    return this.#fleet.nodePage({ ...query, ...this.#within('nodes.read') });
  }

  loads(query: LoadQuery): readonly NodeLoad[] {
    return this.#fleet.loads({ ...query, ...this.#within('nodes.read') });
  }

  node(id: NodeId): NodeDetail {
    const node = this.#fleet.node(id);
    if (covers(this.#scope('nodes.read'), node.site)) return node;
    throw new BrambleError('not-found', `node ${id} is not known`);
  }

  nodeBoot(id: NodeId): NodeBootView {
    this.node(id);
    return this.#fleet.nodeBoot(id);
  }

  boards(query: BoardQuery): readonly BoardView[] {
    const scope = this.#scope('nodes.read');
    const boards = this.#fleet.boards(query);
    return scope === 'all' ? boards : boards.filter(({ site }) => scope.has(site));
  }

  async events(query: EventQuery): Promise<Paged<EventView, number>> {
    return await this.#fleet.events({ ...query, nodes: { ...query.nodes, ...this.#within('events.read') } });
  }

  async eventsPrunedThrough(): Promise<number> {
    return await this.#fleet.eventsPrunedThrough();
  }

  async eventsAfter(afterId: number, limit: number): Promise<readonly EventView[]> {
    const scope = this.#scope('events.read');
    return await this.#fleet.eventsAfter(afterId, limit, scope === 'all' ? undefined : scope);
  }

  watch(listener: (change: FleetChange) => void): () => void {
    return this.#fleet.watch((change) => {
      if (this.sees(change)) listener(change);
    });
  }

  /** Whether the caller sees every site, those that will be made too. */
  seesAll(): boolean {
    return scopeOf(this.#caller.principal, 'events.read') === 'all';
  }

  /** Whether a change is of something that the caller may see. */
  sees(change: FleetChange): boolean {
    if (change.kind === 'node') return covers(scopeOf(this.#caller.principal, 'nodes.read'), change.node.site);
    const scope = scopeOf(this.#caller.principal, 'events.read');
    return scope === 'all' || this.#ownsEvent(change.event, scope);
  }

  async issueCommand(id: NodeId, create: CommandCreate, actor: Actor): Promise<CommandView> {
    this.#assertMayWith(id, 'commands.issue');
    return await this.#fleet.issueCommand(id, create, actor);
  }

  async command(id: CommandId): Promise<CommandView> {
    const command = await this.#fleet.command(id);
    const scope = this.#scope('commands.read');
    if (scope === 'all' || this.#isOwn(command.nodeId, scope)) return command;
    throw new BrambleError('not-found', `command ${id} is not known`);
  }

  /** The command that asked for an upload, for who may have the upload. */
  async commandOfUpload(id: CommandId): Promise<CommandView> {
    const command = await this.command(id);
    this.#assertMayWith(parseNodeId(command.nodeId), 'uploads.read');
    return command;
  }

  async commands(query: CommandQuery): Promise<Paged<CommandView, CommandId>> {
    if (query.nodeId !== undefined) this.#assertMayWith(query.nodeId, 'commands.read');
    return await this.#fleet.commands({ ...query, nodes: { ...query.nodes, ...this.#within('commands.read') } });
  }

  async changeNode(id: NodeId, change: NodeChange, revision: number | undefined, actor: Actor): Promise<NodeView> {
    this.#assertMayWith(id, 'nodes.manage');
    return await this.#fleet.changeNode(id, change, revision, actor);
  }

  async startMaintenance(scope: MaintenanceScope, start: MaintenanceStart, actor: Actor): Promise<MaintenanceView> {
    this.#assertMayMaintain(scope);
    return await this.#fleet.startMaintenance(scope, start, actor);
  }

  async endMaintenance(scope: MaintenanceScope, actor: Actor): Promise<void> {
    this.#assertMayMaintain(scope);
    await this.#fleet.endMaintenance(scope, actor);
  }

  async sites(): Promise<readonly SiteView[]> {
    const scope = this.#scope('nodes.read');
    return (await this.#fleet.sites()).filter(({ name }) => covers(scope, name));
  }

  async site(id: SiteId): Promise<SiteView> {
    this.#assertSeen(id);
    return await this.#fleet.site(id);
  }

  async createSite(create: SiteCreate, actor: Actor): Promise<SiteView> {
    assertMay(this.#caller, 'sites.manage', create.name);
    return await this.#fleet.createSite(create, actor);
  }

  async changeSite(id: SiteId, change: SiteChange, revision: number | undefined, actor: Actor): Promise<SiteView> {
    this.#assertMayAt(id, 'sites.manage');
    return await this.#fleet.changeSite(id, change, revision, actor);
  }

  async removeSite(id: SiteId, revision: number | undefined, actor: Actor): Promise<SiteView> {
    this.#assertMayAt(id, 'sites.manage');
    return await this.#fleet.removeSite(id, revision, actor);
  }

  /** Rights come first: a batch with one operation that the caller may not do is not tried. */
  async batch(request: BatchRequest, actor: Actor): Promise<BatchAnswer> {
    await tryEach(request.operations, (operation) => this.#assertMayDo(operation));
    return await this.#fleet.batch(request, actor);
  }

  async revokeNode(id: NodeId, reason: string, actor: Actor): Promise<NodeView> {
    this.#assertMayWith(id, 'nodes.manage');
    return await this.#fleet.revokeNode(id, reason, actor);
  }

  async thawNode(id: NodeId, reason: string, actor: Actor): Promise<NodeView> {
    this.#assertMayWith(id, 'nodes.manage');
    return await this.#fleet.thawNode(id, reason, actor);
  }

  async nodeConfig(id: NodeId): Promise<NodeConfigView> {
    this.#assertMayWith(id, 'configs.read');
    return await this.#fleet.nodeConfig(id);
  }

  async nodeConfigHistory(id: NodeId, limit: number): Promise<readonly NodeConfigView[]> {
    this.#assertMayWith(id, 'configs.read');
    return await this.#fleet.nodeConfigHistory(id, limit);
  }

  async setNodeConfig(id: NodeId, wish: ConfigWish, actor: Actor): Promise<NodeConfigView> {
    this.#assertMayWith(id, 'configs.manage');
    return await this.#fleet.setNodeConfig(id, wish, actor);
  }

  async rollbackNodeConfig(id: NodeId, rollback: NodeConfigRollback, actor: Actor): Promise<NodeConfigView> {
    this.#assertMayWith(id, 'configs.manage');
    return await this.#fleet.rollbackNodeConfig(id, rollback, actor);
  }

  async createToken(create: TokenCreate, actor: Actor): ReturnType<FleetApi['createToken']> {
    assertMay(this.#caller, 'tokens.manage', create.site);
    return await this.#fleet.createToken(create, actor);
  }

  async tokens(query: TokenQuery): Promise<Paged<TokenView, TokenKey>> {
    return await this.#fleet.tokens({ ...query, ...this.#within('tokens.read') });
  }

  async revokeToken(keyId: string, actor: Actor): Promise<TokenView> {
    await this.#assertMayEndToken(keyId);
    return await this.#fleet.revokeToken(keyId, actor);
  }

  async enrollments(query: EnrollmentQuery): Promise<Paged<EnrollmentView, EnrollmentKey>> {
    return await this.#fleet.enrollments({ ...query, ...this.#within('enrollments.read') });
  }

  async approveEnrollment(
    fingerprint: string,
    name: string | undefined,
    reason: string,
    actor: Actor,
  ): Promise<EnrollmentView> {
    await this.#assertMayDecide(fingerprint);
    return await this.#fleet.approveEnrollment(fingerprint, name, reason, actor);
  }

  async rejectEnrollment(fingerprint: string, reason: string, actor: Actor): Promise<EnrollmentView> {
    await this.#assertMayDecide(fingerprint);
    return await this.#fleet.rejectEnrollment(fingerprint, reason, actor);
  }

  /** @throws BrambleError `unauthenticated`, `permission-denied` when the right is had nowhere */
  #scope(permission: Permission): Scope {
    const scope = scopeOf(this.#caller.principal, permission);
    if (isNowhere(scope)) assertMay(this.#caller, permission);
    return scope;
  }

  /** The part of a question for a list that keeps it to the caller's sites. */
  #within(permission: Permission): { readonly within?: ReadonlySet<string> } {
    const scope = this.#scope(permission);
    return scope === 'all' ? {} : { within: scope };
  }

  #assertMayWith(id: NodeId, permission: Permission): void {
    // Whoever may everywhere needs no look at the node: whether there is one, the work itself says.
    if (this.#scope(permission) === 'all' && this.#scope('nodes.read') === 'all') return;
    assertMay(this.#caller, permission, this.node(id).site);
  }

  #assertSeen(site: SiteId): void {
    if (covers(this.#scope('nodes.read'), site)) return;
    throw new BrambleError('not-found', `site ${site} is not known`, { hint: UNKNOWN_SITE_HINT });
  }

  #assertMayAt(site: SiteId, permission: Permission): void {
    this.#assertSeen(site);
    assertMay(this.#caller, permission, site);
  }

  #assertMayMaintain(scope: MaintenanceScope): void {
    if (scope.kind === 'node') this.#assertMayWith(scope.nodeId, 'nodes.maintain');
    else this.#assertMayAt(scope.site, 'nodes.maintain');
  }

  /** What the route of the same work would want. */
  async #assertMayDo(operation: BatchOperation): Promise<void> {
    switch (operation.op) {
      case 'create-site':
        assertMay(this.#caller, 'sites.manage', operation.create.name);
        return;
      case 'change-site':
      case 'delete-site':
        this.#assertMayAt(parseSiteId(operation.site), 'sites.manage');
        return;
      case 'change-node':
      case 'revoke-node':
      case 'thaw-node':
        this.#assertMayWith(parseNodeId(operation.node), 'nodes.manage');
        return;
      case 'start-maintenance':
      case 'end-maintenance':
        this.#assertMayMaintain(maintenanceScopeOf(operation.scope));
        return;
      case 'issue-command':
        this.#assertMayWith(parseNodeId(operation.node), 'commands.issue');
        return;
      case 'approve-enrollment':
      case 'reject-enrollment':
        await this.#assertMayDecide(operation.fingerprint);
        return;
      case 'revoke-token':
        await this.#assertMayEndToken(operation.token);
    }
  }

  async #assertMayEndToken(keyId: string): Promise<void> {
    const site = await this.#lookup.joinTokenSite(keyId);
    if (site !== undefined && !covers(this.#scope('tokens.read'), site)) {
      throw new BrambleError('not-found', `join token ${visible(keyId, 40)} is not known`);
    }
    assertMay(this.#caller, 'tokens.manage', site);
  }

  async #assertMayDecide(fingerprint: string): Promise<void> {
    const site = await this.#lookup.enrollmentSite(fingerprint);
    if (site !== undefined && !covers(this.#scope('enrollments.read'), site)) {
      throw new BrambleError('not-found', `nobody with fingerprint ${visible(fingerprint, 64)} asked to join`);
    }
    assertMay(this.#caller, 'enrollments.decide', site);
  }

  /** What is of no node is of the whole fleet. */
  #ownsEvent({ nodeId }: EventView, scope: Scope): boolean {
    return nodeId !== undefined && this.#isOwn(nodeId, scope);
  }

  #isOwn(id: string, scope: Scope): boolean {
    try {
      return covers(scope, this.#fleet.node(parseNodeId(id)).site);
    } catch {
      return false; // not known, or not an id: nobody's
    }
  }
}
