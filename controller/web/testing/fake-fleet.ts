import type { BatchRequest } from '../../../proto/contract/api/batch.js';
import type { BoardView, NodeBootView } from '../../../proto/contract/api/boot.js';
import type {
  CommandView,
  EnrollmentView,
  EventView,
  NodeDetail,
  NodeView,
  SiteView,
} from '../../../proto/contract/api/fleet.js';
import type { NodeLoad } from '../../../proto/contract/api/lists.js';
import type { NodeConfigRollback, NodeConfigView } from '../../../proto/contract/api/node-config.js';
import type { CommandCreate, SiteCreate, TokenCreate } from '../../../proto/contract/api/requests.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { type CommandId, type NodeId, nodeId } from '../../../proto/contract/ids.js';
import type { Actor } from '../../domain/access/actor.js';
import type { ConfigWish } from '../../domain/node-config.js';
import type { EventQuery, FleetApi, FleetChange } from '../../usecases/api.js';
import type { LoadQuery } from '../../usecases/node-loads.js';
import type { NodeQuery } from '../../usecases/node-query.js';
import type { Paged } from '../../usecases/paging.js';
import type { EnrollmentKey } from '../../usecases/ports.js';

const EMPTY = { items: [], next: undefined } as const;
const MEMORY_EVENTS_MAX = 100_000;
const NO_CONFIG = { revision: 0, previousRevision: 0, config: {}, atMs: 0, actor: '', reason: '' } as const;

/** A fleet in memory that keeps what it is told: the other side of the doors in their tests. */
export class FakeFleet implements FleetApi {
  readonly detailById = new Map<string, NodeDetail>();
  readonly eventLog: EventView[] = [];
  readonly configs: NodeConfigView[] = [];
  readonly boardList: BoardView[] = [];
  readonly loadList: NodeLoad[] = [];
  /** What was asked, in words: "revoke n-1 admin:kim". */
  readonly calls: string[] = [];
  /** Events up to this id count as pruned. */
  prunedThroughId = 0;
  #version = 0;
  readonly #listeners = new Set<(change: FleetChange) => void>();

  get watcherCount(): number {
    return this.#listeners.size;
  }

  putNode(node: NodeDetail): void {
    this.detailById.set(node.id, node);
    this.#version += 1;
    const { facts: _facts, capabilityOverrides: _overrides, ...view } = node;
    this.#tell({ kind: 'node', node: view });
  }

  addEvent(event: Omit<EventView, 'id'>): EventView {
    const stored = { ...event, id: this.eventLog.length + 1 };
    if (this.eventLog.length < MEMORY_EVENTS_MAX) this.eventLog.push(stored);
    this.#tell({ kind: 'event', event: stored });
    return stored;
  }

  nodes(): readonly NodeView[] {
    return [...this.detailById.values()].map(({ facts: _facts, capabilityOverrides: _overrides, ...view }) => view);
  }

  node(id: NodeId): NodeDetail {
    const node = this.detailById.get(id);
    if (node === undefined) throw new BrambleError('not-found', `no node ${id}`);
    return node;
  }

  nodeBoot(id: NodeId): NodeBootView {
    this.node(id);
    return { state: 'unknown', words: 'No fileserver of its site has seen its board boot.', steps: [] };
  }

  boards(): readonly BoardView[] {
    return this.boardList;
  }

  loads({ limit }: LoadQuery): readonly NodeLoad[] {
    return this.loadList.slice(0, limit);
  }

  version(): string {
    return String(this.#version);
  }

  nodePage({ limit, after, within }: NodeQuery): Paged<NodeView, NodeId> {
    const isWithin = (site: string): boolean => within === undefined || within.has(site);
    const nodes = this.nodes().filter(({ id, site }) => (after === undefined || id > after) && isWithin(site));
    const items = nodes.slice(0, limit);
    return { items, next: nodes.length > limit ? nodeId(items.at(-1)?.id ?? '') : undefined };
  }

  async events({ nodeId: of, reasons, limit, after, nodes }: EventQuery): Promise<Paged<EventView, number>> {
    const within = nodes?.within;
    const events = this.eventLog
      .filter((event) => (of === undefined || event.nodeId === of) && event.id < (after ?? Infinity))
      .filter((event) => reasons === undefined || reasons.includes(event.reason))
      .filter((event) => this.#isWithin(event, within))
      .toReversed();
    const items = events.slice(0, limit);
    return { items, next: events.length > limit ? items.at(-1)?.id : undefined };
  }

  async eventsPrunedThrough(): Promise<number> {
    return this.prunedThroughId;
  }

  async eventsAfter(afterId: number, limit: number, within?: ReadonlySet<string>): Promise<readonly EventView[]> {
    const later = this.eventLog.slice(afterId);
    return later.filter((event) => this.#isWithin(event, within)).slice(0, limit);
  }

  #isWithin({ nodeId: of }: EventView, within: ReadonlySet<string> | undefined): boolean {
    return within === undefined || within.has(this.detailById.get(of ?? '')?.site ?? '');
  }

  watch(listener: (change: FleetChange) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async issueCommand(id: NodeId, create: CommandCreate, actor: Actor): Promise<CommandView> {
    this.node(id);
    this.calls.push(`command ${create.action.kind} ${id} ${actor.name}`);
    return {
      id: '01890000-0000-7000-8000-000000000001',
      nodeId: id,
      action: create.action,
      state: 'issued',
      detail: '',
      reason: create.reason,
      actor: actor.name,
      issuedAtMs: 0,
      validForMs: create.validForMs,
      updatedAtMs: 0,
    };
  }

  async command(id: CommandId): Promise<CommandView> {
    throw new BrambleError('not-found', `no command ${id}`);
  }

  async commands(): Promise<Paged<CommandView, CommandId>> {
    return EMPTY;
  }

  async revokeNode(id: NodeId, _reason: string, actor: Actor): Promise<NodeView> {
    this.calls.push(`revoke ${id} ${actor.name}`);
    return this.node(id);
  }

  async thawNode(id: NodeId): Promise<NodeView> {
    throw new BrambleError('failed-precondition', `node ${id} is not frozen`, { hint: 'nothing to do' });
  }

  async nodeConfig(id: NodeId): Promise<NodeConfigView> {
    this.node(id);
    return this.configs.at(-1) ?? { ...NO_CONFIG, nodeId: id };
  }

  async nodeConfigHistory(): Promise<readonly NodeConfigView[]> {
    return this.configs.toReversed();
  }

  async setNodeConfig(id: NodeId, wish: ConfigWish, { name: actor }: Actor): Promise<NodeConfigView> {
    const { config, expectedRevision, reason } = wish;
    if (expectedRevision !== this.configs.length) throw new BrambleError('failed-precondition', 'not what you saw');
    const revision = expectedRevision + 1;
    const view = { nodeId: id, revision, previousRevision: expectedRevision, config, atMs: 0, actor, reason };
    this.configs.push(view);
    this.calls.push(`config ${id} ${revision} ${actor}`);
    return view;
  }

  async rollbackNodeConfig(id: NodeId, rollback: NodeConfigRollback, actor: Actor): Promise<NodeConfigView> {
    const config = this.configs[rollback.toRevision - 1]?.config ?? {};
    return this.setNodeConfig(id, { config, ...rollback }, actor);
  }

  async createToken(create: TokenCreate, actor: Actor) {
    this.calls.push(`token ${create.site} ${actor.name}`);
    return {
      token: 'bt1_abcdefgh_secret_crc',
      view: {
        keyId: 'abcdefgh',
        site: create.site,
        kind: create.kind,
        expiresAtMs: create.ttlMs,
        uses: create.uses,
        usesLeft: create.uses,
        preApproved: create.preApproved,
        createdBy: actor.name,
        revoked: false,
      },
    };
  }

  async tokens() {
    return EMPTY;
  }

  async revokeToken(keyId: string): Promise<never> {
    throw new BrambleError('not-found', `no token ${keyId}`);
  }

  async enrollments(): Promise<Paged<EnrollmentView, EnrollmentKey>> {
    return EMPTY;
  }

  async changeNode(id: NodeId): Promise<NodeView> {
    return this.node(id);
  }

  async startMaintenance(): Promise<never> {
    throw new BrambleError('unsupported', 'not part of this fleet');
  }

  async endMaintenance(): Promise<void> {}

  async batch({ dryRun }: BatchRequest) {
    return { dryRun, results: [] };
  }

  /** Those of its nodes. */
  async sites(): Promise<readonly SiteView[]> {
    const names = new Set(this.nodes().map(({ site }) => site));
    const none = { ready: 0, troubled: 0, 'no-contact': 0, unknown: 0, maintenance: 0, frozen: 0, revoked: 0 };
    const said = { label: '', location: '', createdAtMs: 0, revision: 1, nodesByState: none };
    return [...names].map((name) => ({ name, ...said }));
  }

  async site(id: string): Promise<never> {
    throw new BrambleError('not-found', `no site ${id}`);
  }

  async createSite({ name }: SiteCreate): Promise<never> {
    throw new BrambleError('already-exists', `site ${name} is there`);
  }

  async changeSite(id: string): Promise<never> {
    return await this.site(id);
  }

  async removeSite(id: string): Promise<never> {
    return await this.site(id);
  }

  async approveEnrollment(): Promise<never> {
    throw new Error('a bug with a secret in its text');
  }

  async rejectEnrollment(fingerprint: string): Promise<never> {
    throw new BrambleError('not-found', `no enrolment ${fingerprint}`);
  }

  #tell(change: FleetChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
