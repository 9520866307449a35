import { BrambleError } from '../../proto/contract/errors.js';
import type { NodeId, SiteId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import type { AuditEntry } from '../domain/audit/record.js';
import {
  assertMaintenanceEnd,
  isOver,
  type Maintenance,
  type MaintenanceScope,
  maintenanceInForce,
  renderMaintenance,
} from '../domain/maintenance.js';
import type { Journal } from './journal.js';
import type { Prepared } from './mutation.js';
import type { NodeEntry, NodeTable } from './node-table.js';
import type { StoreReader, StoreWriter, World } from './ports.js';

/** Who works on what, and until when: stored, and in memory for every look at a node. */
export class Maintenances {
  readonly #world: Pick<World, 'clock'>;
  readonly #nodes: NodeTable;
  readonly #journal: Journal;
  readonly #onChanged: (entry: NodeEntry) => void;
  readonly #byScope = new Map<string, Maintenance>();

  constructor(deps: {
    readonly world: Pick<World, 'clock'>;
    readonly nodes: NodeTable;
    readonly journal: Journal;
    readonly onChanged: (entry: NodeEntry) => void;
  }) {
    this.#world = deps.world;
    this.#nodes = deps.nodes;
    this.#journal = deps.journal;
    this.#onChanged = deps.onChanged;
  }

  async load(reader: StoreReader): Promise<void> {
    for (const one of await reader.maintenances()) this.#byScope.set(keyOf(one.scope), one);
    for (const entry of this.#nodes.all()) this.apply(entry);
  }

  /** In force for a site as a whole. */
  ofSite(site: SiteId): Maintenance | undefined {
    return maintenanceInForce(undefined, this.#get({ kind: 'site', site }), this.#world.clock.nowMs());
  }

  /** All that count now. */
  inForce(): readonly Maintenance[] {
    const nowMs = this.#world.clock.nowMs();
    return [...this.#byScope.values()].filter((one) => !isOver(one, nowMs));
  }

  /** Makes an entry show what is in force for it; true when that is something new. */
  apply(entry: NodeEntry): boolean {
    const { id, site } = entry.node;
    const own = this.#get({ kind: 'node', nodeId: id });
    const inForce = maintenanceInForce(own, this.#get({ kind: 'site', site }), this.#world.clock.nowMs());
    if (inForce === entry.maintenance) return false;
    entry.maintenance = inForce;
    return true;
  }

  /** Replaces what is in force for the scope. @throws BrambleError `invalid-argument`, `not-found` */
  async startIn(
    writer: StoreWriter,
    scope: MaintenanceScope,
    ask: { readonly reason: string; readonly owner?: string | undefined; readonly untilMs: number },
    actor: Actor,
  ): Promise<Prepared<Maintenance>> {
    const nowMs = this.#world.clock.nowMs();
    const name = await nameOf(writer, scope);
    assertMaintenanceEnd(nowMs, ask.untilMs);
    const before = this.#get(scope);
    const maintenance: Maintenance = {
      scope,
      owner: visible(ask.owner ?? actor.name, 64),
      reason: visible(ask.reason, 500),
      // Made longer is still the same work.
      sinceMs: before === undefined || isOver(before, nowMs) ? nowMs : before.sinceMs,
      untilMs: ask.untilMs,
    };
    await writer.putMaintenance(maintenance);
    const words = `${visible(actor.name, 80)} put ${name} in maintenance ${renderMaintenance(maintenance)}`;
    await tell(writer, { scope, reason: 'MaintenanceStarted', message: words, atMs: nowMs });
    const details = { owner: maintenance.owner, reason: maintenance.reason, untilMs: maintenance.untilMs };
    await audit(writer, scope, { atMs: nowMs, actor, action: 'maintenance.start', details });
    return {
      committed: () => {
        this.#byScope.set(keyOf(scope), maintenance);
        this.#applyAll(scope);
        return maintenance;
      },
    };
  }

  /** Ending what is not in maintenance is success. @throws BrambleError `not-found` for what is not there at all */
  async endIn(writer: StoreWriter, scope: MaintenanceScope, actor: Actor): Promise<Prepared<undefined>> {
    const name = await nameOf(writer, scope);
    if ((await stored(writer, scope)) !== undefined) {
      await writer.removeMaintenance(scope);
      const message = `${visible(actor.name, 80)} ended the maintenance of ${name}`;
      const atMs = this.#world.clock.nowMs();
      await tell(writer, { scope, reason: 'MaintenanceEnded', message, atMs });
      await audit(writer, scope, { atMs, actor, action: 'maintenance.end', details: {} });
    }
    return { committed: () => this.#forget(scope) };
  }

  /** Once a second: what has come to its end by itself. */
  sweep(): void {
    const nowMs = this.#world.clock.nowMs();
    for (const over of this.#byScope.values()) {
      if (!isOver(over, nowMs)) continue;
      this.#forget(over.scope);
      this.#journal.write(async (writer) => {
        const now = await stored(writer, over.scope);
        if (now === undefined || now.untilMs > over.untilMs) return; // ended or made longer meanwhile
        await writer.removeMaintenance(over.scope);
        const message = `the maintenance of ${nameOfScope(over.scope, await maybeNode(writer, over.scope))} is over`;
        await tell(writer, { scope: over.scope, reason: 'MaintenanceEnded', message, atMs: over.untilMs });
      });
    }
  }

  #get(scope: MaintenanceScope): Maintenance | undefined {
    return this.#byScope.get(keyOf(scope));
  }

  #forget(scope: MaintenanceScope): undefined {
    this.#byScope.delete(keyOf(scope));
    this.#applyAll(scope);
  }

  #applyAll(scope: MaintenanceScope): void {
    if (scope.kind === 'node') {
      const entry = this.#nodes.get(scope.nodeId);
      if (entry !== undefined && this.apply(entry)) this.#onChanged(entry);
      return;
    }
    for (const entry of this.#nodes.all()) {
      if (entry.node.site === scope.site && this.apply(entry)) this.#onChanged(entry);
    }
  }
}

function keyOf(scope: MaintenanceScope): string {
  return scope.kind === 'node' ? `node ${scope.nodeId}` : `site ${scope.site}`;
}

async function stored(reader: StoreReader, scope: MaintenanceScope): Promise<Maintenance | undefined> {
  return (await reader.maintenances()).find((one) => keyOf(one.scope) === keyOf(scope));
}

async function nameOf(reader: StoreReader, scope: MaintenanceScope): Promise<string> {
  if (scope.kind === 'site') {
    if ((await reader.site(scope.site)) !== undefined) return nameOfScope(scope, undefined);
    throw new BrambleError('not-found', `site ${scope.site} is not known`);
  }
  const node = await reader.node(scope.nodeId);
  if (node === undefined) throw new BrambleError('not-found', `node ${scope.nodeId} is not known`);
  return nameOfScope(scope, node.name);
}

async function maybeNode(reader: StoreReader, scope: MaintenanceScope): Promise<string | undefined> {
  return scope.kind === 'node' ? (await reader.node(scope.nodeId))?.name : undefined;
}

function nameOfScope(scope: MaintenanceScope, nodeName: string | undefined): string {
  return scope.kind === 'site' ? `site ${scope.site}` : `node ${visible(nodeName ?? scope.nodeId, 63)}`;
}

async function audit(
  writer: StoreWriter,
  scope: MaintenanceScope,
  done: Pick<AuditEntry, 'atMs' | 'actor' | 'action' | 'details'>,
): Promise<void> {
  const target = scope.kind === 'node' ? scope.nodeId : scope.site;
  const site = scope.kind === 'node' ? (await writer.node(scope.nodeId))?.site : scope.site;
  await writer.audit.add({ ...done, target, site, outcome: 'done' });
}

async function tell(
  writer: StoreWriter,
  event: {
    readonly scope: MaintenanceScope;
    readonly reason: string;
    readonly message: string;
    readonly atMs: number;
  },
): Promise<void> {
  const { scope, reason, message, atMs } = event;
  const nodeId: NodeId | undefined = scope.kind === 'node' ? scope.nodeId : undefined;
  await writer.addFleetEvent({ atMs, nodeId, severity: 'info', reason, message });
}
