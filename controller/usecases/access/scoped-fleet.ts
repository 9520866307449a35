import type {
  CommandView,
  EnrollmentView,
  EventView,
  NodeDetail,
  NodeView,
  TokenView,
} from '../../../proto/contract/api/fleet.js';
import type { NodeConfigRollback, NodeConfigView } from '../../../proto/contract/api/node-config.js';
import type { CommandCreate, TokenCreate } from '../../../proto/contract/api/requests.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { type CommandId, type NodeId, nodeId as parseNodeId, type SiteId } from '../../../proto/contract/ids.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import { covers, isNowhere, type Scope, scopeOf } from '../../domain/access/authorise.js';
import type { Permission } from '../../domain/access/permission.js';
import type { ConfigWish } from '../../domain/node-config.js';
import type { FleetApi, FleetChange } from '../api.js';
import { assertMay, type Caller } from './caller.js';

/** Where things belong whose id does not say it. */
export interface SiteLookup {
  joinTokenSite(keyId: string): Promise<SiteId | undefined>;
  enrollmentSite(fingerprint: string): Promise<SiteId | undefined>;
}

/** Events of other sites that are read past while looking for those of one's own. */
const EVENTS_READ_MAX = 50_000;
const EVENTS_PER_READ = 1_000;

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

  nodes(): readonly NodeView[] {
    const scope = this.#scope('nodes.read');
    const nodes = this.#fleet.nodes();
    return scope === 'all' ? nodes : nodes.filter(({ site }) => scope.has(site));
  }

  node(id: NodeId): NodeDetail {
    const node = this.#fleet.node(id);
    if (covers(this.#scope('nodes.read'), node.site)) return node;
    throw new BrambleError('not-found', `node ${id} is not known`);
  }

  async events(query: { readonly nodeId: NodeId | undefined; readonly limit: number }): Promise<readonly EventView[]> {
    const scope = this.#scope('events.read');
    if (scope === 'all') return await this.#fleet.events(query);
    if (query.nodeId !== undefined) return this.#isOwn(query.nodeId, scope) ? await this.#fleet.events(query) : [];
    return await this.#newestOwnEvents(query.limit, scope);
  }

  async eventsAfter(afterId: number, limit: number): Promise<readonly EventView[]> {
    const scope = this.#scope('events.read');
    if (scope === 'all') return await this.#fleet.eventsAfter(afterId, limit);
    // An empty answer means that there are no more, so pages without one of ours are read past.
    for (let cursor = afterId; ; ) {
      const page = await this.#fleet.eventsAfter(cursor, limit);
      const own = page.filter((event) => this.#ownsEvent(event, scope));
      const last = page.at(-1);
      if (own.length > 0 || last === undefined) return own;
      cursor = last.id;
    }
  }

  watch(listener: (change: FleetChange) => void): () => void {
    return this.#fleet.watch((change) => {
      if (this.sees(change)) listener(change);
    });
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

  async commands(id: NodeId, limit: number): Promise<readonly CommandView[]> {
    this.#assertMayWith(id, 'commands.read');
    return await this.#fleet.commands(id, limit);
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

  async tokens(limit: number): Promise<readonly TokenView[]> {
    const scope = this.#scope('tokens.read');
    return (await this.#fleet.tokens(limit)).filter(({ site }) => covers(scope, site));
  }

  async revokeToken(keyId: string, actor: Actor): Promise<TokenView> {
    const site = await this.#lookup.joinTokenSite(keyId);
    if (site !== undefined && !covers(this.#scope('tokens.read'), site)) {
      throw new BrambleError('not-found', `join token ${visible(keyId, 40)} is not known`);
    }
    assertMay(this.#caller, 'tokens.manage', site);
    return await this.#fleet.revokeToken(keyId, actor);
  }

  async enrollments(state: 'pending' | 'approved' | 'rejected', limit: number): Promise<readonly EnrollmentView[]> {
    const scope = this.#scope('enrollments.read');
    return (await this.#fleet.enrollments(state, limit)).filter(({ site }) => covers(scope, site));
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

  #assertMayWith(id: NodeId, permission: Permission): void {
    assertMay(this.#caller, permission, this.node(id).site);
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

  /** Reads back from the newest event in stretches of ids, until there are enough or it has gone far enough. */
  async #newestOwnEvents(limit: number, scope: Scope): Promise<readonly EventView[]> {
    const newest = (await this.#fleet.events({ nodeId: undefined, limit: 1 }))[0]?.id ?? 0;
    const own: EventView[] = [];
    const lowest = Math.max(0, newest - EVENTS_READ_MAX);
    for (let through = newest; through > lowest && own.length < limit; through -= EVENTS_PER_READ) {
      const from = Math.max(0, through - EVENTS_PER_READ);
      const page = await this.#fleet.eventsAfter(from, EVENTS_PER_READ);
      const stretch = page.filter((event) => event.id <= through && this.#ownsEvent(event, scope));
      own.push(...stretch.reverse());
    }
    return own.slice(0, limit);
  }
}
