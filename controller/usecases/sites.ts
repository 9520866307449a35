import type { SiteView } from '../../proto/contract/api/fleet.js';
import type { SiteChange, SiteCreate } from '../../proto/contract/api/requests.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { type SiteId, siteId } from '../../proto/contract/ids.js';
import { visible } from '../../proto/contract/visible.js';
import type { Actor } from '../domain/access/actor.js';
import type { AuditEntry } from '../domain/audit/record.js';
import { type Site, whyNotEmpty } from '../domain/site.js';
import { endGrantsAt } from './access/end-grants.js';
import { maintenanceView, nodeView } from './fleet-view.js';
import type { Maintenances } from './maintenance.js';
import type { Prepared } from './mutation.js';
import type { NodeTable } from './node-table.js';
import type { Store, StoreWriter, World } from './ports.js';
import { assertRevision } from './revision.js';
import type { UplinkSight } from './uplink/site-uplinks.js';

/** Said alike of what never was and of what is not the caller's to see. */
export const UNKNOWN_SITE_HINT = 'bramble site list shows those there are';

/** Places with nodes. */
export class Sites {
  readonly #store: Store;
  readonly #world: Pick<World, 'clock'>;
  readonly #nodes: NodeTable;
  readonly #maintenances: Maintenances;
  readonly #uplinks: UplinkSight | undefined;

  constructor(deps: {
    readonly store: Store;
    readonly world: Pick<World, 'clock'>;
    readonly nodes: NodeTable;
    readonly maintenances: Maintenances;
    readonly uplinks?: UplinkSight | undefined;
  }) {
    this.#store = deps.store;
    this.#world = deps.world;
    this.#nodes = deps.nodes;
    this.#maintenances = deps.maintenances;
    this.#uplinks = deps.uplinks;
  }

  async all(): Promise<readonly SiteView[]> {
    const counts = this.#countNodes();
    return (await this.#store.reader.sites()).map((site) => this.#view(site, counts));
  }

  /** @throws BrambleError `not-found` */
  async site(id: SiteId): Promise<SiteView> {
    const site = await this.#store.reader.site(id);
    if (site === undefined) throw unknownSite(id);
    return this.#view(site, this.#countNodes());
  }

  /** @throws BrambleError `already-exists`, `invalid-argument` */
  async createIn(writer: StoreWriter, create: SiteCreate, actor: Actor): Promise<Prepared<SiteView>> {
    const id = siteId(create.name);
    if ((await writer.site(id)) !== undefined) {
      throw new BrambleError('already-exists', `site ${id} is there already`, { hint: 'change it, or choose a name' });
    }
    await assertFreshName(writer, id);
    const site: Site = {
      id,
      label: create.label,
      location: create.location,
      uplink: create.uplink === undefined ? undefined : { monthlyBytes: undefined, ...create.uplink },
      createdAtMs: this.#world.clock.nowMs(),
      revision: 1,
    };
    await writer.putSite(site);
    await this.#tell(writer, 'SiteCreated', `${visible(actor.name, 80)} made site ${id}`);
    await this.#audit(writer, id, { actor, action: 'site.create', details: {} });
    return { committed: () => this.#view(site, this.#countNodes()) };
  }

  /** @throws BrambleError `not-found`, `failed-precondition` when it was changed meanwhile */
  async changeIn(
    writer: StoreWriter,
    {
      id,
      change,
      revision,
    }: { readonly id: SiteId; readonly change: SiteChange; readonly revision?: number | undefined },
    actor: Actor,
  ): Promise<Prepared<SiteView>> {
    const before = await writer.site(id);
    if (before === undefined) throw unknownSite(id);
    assertRevision(`site ${id}`, before.revision, revision);
    const { label, location, uplink } = change;
    const site: Site = {
      ...before,
      label: label ?? before.label,
      location: location ?? before.location,
      uplink:
        uplink === undefined ? before.uplink : uplink === null ? undefined : { monthlyBytes: undefined, ...uplink },
      revision: before.revision + 1,
    };
    await writer.putSite(site);
    const fields = Object.keys(change).sort().join(', ');
    await this.#tell(writer, 'SiteChanged', `${visible(actor.name, 80)} changed site ${id}: ${fields}`);
    await this.#audit(writer, id, { actor, action: 'site.change', details: { fields, revision: site.revision } });
    return { committed: () => this.#view(site, this.#countNodes()) };
  }

  /** @throws BrambleError `not-found`, `failed-precondition` when it is not empty, or was changed meanwhile */
  async removeIn(
    writer: StoreWriter,
    { id, revision }: { readonly id: SiteId; readonly revision?: number | undefined },
    actor: Actor,
  ): Promise<Prepared<SiteView>> {
    const site = await writer.site(id);
    if (site === undefined) throw unknownSite(id);
    assertRevision(`site ${id}`, site.revision, revision);
    const why = whyNotEmpty(await writer.siteContents(id, this.#world.clock.nowMs()));
    if (why !== undefined) {
      throw new BrambleError('failed-precondition', `site ${id} is not empty: ${why}`, {
        hint: 'revoke its nodes and tokens, and decide about who waits, first',
      });
    }
    const view = this.#view(site, this.#countNodes());
    const ended = await this.#maintenances.endIn(writer, { kind: 'site', site: id }, actor);
    await endGrantsAt(writer, { site: id, atMs: this.#world.clock.nowMs(), actor });
    await writer.removeSite(id);
    await this.#tell(writer, 'SiteDeleted', `${visible(actor.name, 80)} deleted site ${id}`);
    await this.#audit(writer, id, { actor, action: 'site.delete', details: {} });
    return {
      committed: async () => {
        await ended.committed();
        return view;
      },
    };
  }

  async #audit(
    writer: StoreWriter,
    site: SiteId,
    done: Pick<AuditEntry, 'actor' | 'action' | 'details'>,
  ): Promise<void> {
    const atMs = this.#world.clock.nowMs();
    await writer.audit.add({ ...done, atMs, target: site, site, outcome: 'done' });
  }

  async #tell(writer: StoreWriter, reason: string, message: string): Promise<void> {
    const atMs = this.#world.clock.nowMs();
    await writer.addFleetEvent({ atMs, nodeId: undefined, severity: 'info', reason, message });
  }

  #uplinkUse(site: SiteId): Pick<SiteView, 'uplinkUse'> {
    const use = this.#uplinks?.use(site);
    if (use === undefined) return {};
    let reportIntervalMs = 0;
    for (const entry of this.#nodes.all()) {
      if (entry.node.site === site) reportIntervalMs = Math.max(reportIntervalMs, entry.reportIntervalMs);
    }
    return { uplinkUse: { ...use, reportIntervalMs } };
  }

  #countNodes(): ReadonlyMap<SiteId, SiteView['nodesByState']> {
    const counts = new Map<SiteId, SiteView['nodesByState']>();
    for (const entry of this.#nodes.all()) {
      const { site } = entry.node;
      const ofSite = counts.get(site) ?? noNodes();
      counts.set(site, ofSite);
      ofSite[nodeView(entry).state] += 1;
    }
    return counts;
  }

  #view(site: Site, counts: ReadonlyMap<SiteId, SiteView['nodesByState']>): SiteView {
    const { id, label, location, uplink, createdAtMs, revision } = site;
    const maintenance = this.#maintenances.ofSite(id);
    return {
      name: id,
      label: visible(label, 100),
      location: visible(location, 200),
      ...(uplink === undefined ? {} : { uplink: uplinkView(uplink) }),
      ...this.#uplinkUse(id),
      createdAtMs,
      revision,
      ...(maintenance === undefined ? {} : { maintenance: maintenanceView(maintenance) }),
      nodesByState: counts.get(id) ?? noNodes(),
    };
  }
}

/** A site that only a token names so far becomes one with its first token. */
export async function ensureSite(
  writer: StoreWriter,
  id: SiteId,
  { nowMs, actor }: { readonly nowMs: number; readonly actor: Actor },
): Promise<void> {
  if ((await writer.site(id)) !== undefined) return;
  await assertFreshName(writer, id);
  await writer.putSite({ id, label: '', location: '', uplink: undefined, createdAtMs: nowMs, revision: 1 });
  const message = `${visible(actor.name, 80)} made site ${id}, with its first join token`;
  await writer.addFleetEvent({ atMs: nowMs, nodeId: undefined, severity: 'info', reason: 'SiteCreated', message });
  await writer.audit.add({
    atMs: nowMs,
    actor,
    action: 'site.create',
    target: id,
    site: id,
    outcome: 'done',
    details: {},
  });
}

/**
 * A name is what a site is known by in the certificates, events and records of its nodes, so once it had some the name is
 * spent: who is let into a new site must not see what was of another.
 * @throws BrambleError `already-exists`
 */
async function assertFreshName(writer: StoreWriter, id: SiteId): Promise<void> {
  if (!(await writer.hadNodes(id))) return;
  throw new BrambleError('already-exists', `a former site ${id} has nodes on record, and its name stays with them`, {
    hint: 'choose another name',
  });
}

function uplinkView({ downBitsPerS, upBitsPerS, monthlyBytes }: NonNullable<Site['uplink']>) {
  return { downBitsPerS, upBitsPerS, ...(monthlyBytes === undefined ? {} : { monthlyBytes }) };
}

function noNodes(): SiteView['nodesByState'] {
  return { ready: 0, troubled: 0, 'no-contact': 0, unknown: 0, maintenance: 0, frozen: 0, revoked: 0 };
}

function unknownSite(id: SiteId): BrambleError {
  return new BrambleError('not-found', `site ${id} is not known`, { hint: UNKNOWN_SITE_HINT });
}
