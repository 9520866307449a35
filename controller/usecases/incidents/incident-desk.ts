import type { IncidentDetail, IncidentList, IncidentView } from '../../../proto/contract/api/incidents.js';
import { BrambleError } from '../../../proto/contract/errors.js';
import { visible } from '../../../proto/contract/visible.js';
import { covers, type Scope, scopeOf } from '../../domain/access/authorise.js';
import {
  type Incident,
  incidentTitle,
  isOpen,
  nodeCause,
  type TimelineEntry,
} from '../../domain/incidents/incident.js';
import { assertMay, type Caller } from '../access/caller.js';
import type { NodeTable } from '../node-table.js';
import type { Store } from '../ports.js';
import type { IncidentBook } from './incident-book.js';
import type { IncidentQuery } from './ports.js';

const TIMELINE_MAX = 300;
/** Pages that are read past to find some within a caller's sites. */
const PAGES_MAX = 20;
const MEMBERS_TOLD = 200;

/** What people ask and say of incidents. Of what spans sites only those hear who may see all of them. */
export class IncidentDesk {
  readonly #book: IncidentBook;
  readonly #store: Pick<Store, 'reader'>;
  readonly #nodes: Pick<NodeTable, 'all'>;

  constructor(deps: {
    readonly book: IncidentBook;
    readonly store: Pick<Store, 'reader'>;
    readonly nodes: Pick<NodeTable, 'all'>;
  }) {
    this.#book = deps.book;
    this.#store = deps.store;
    this.#nodes = deps.nodes;
  }

  /** Newest first. */
  async list(query: IncidentQuery, caller: Caller): Promise<IncidentList> {
    const scope = this.#scope(caller);
    const ids = this.#idsByCause();
    const found: IncidentView[] = [];
    let { beforeId } = query;
    for (let page = 0; page < PAGES_MAX; page++) {
      const batch = await this.#store.reader.incidents.incidents({ ...query, beforeId });
      for (const incident of batch) {
        beforeId = incident.id;
        if (isSeen(scope, incident)) found.push(viewOf(incident, ids));
        if (found.length === query.limit) return { incidents: found, nextCursor: beforeId };
      }
      if (batch.length < query.limit) return { incidents: found };
    }
    return { incidents: found, ...(beforeId === undefined ? {} : { nextCursor: beforeId }) };
  }

  /** @throws BrambleError `not-found` */
  async detail(id: string, caller: Caller): Promise<IncidentDetail> {
    const incident = await this.#seen(id, caller);
    const timeline = await this.#store.reader.incidents.timeline(id, TIMELINE_MAX);
    return { ...viewOf(incident, this.#idsByCause()), timeline: timeline.map(entryView) };
  }

  /** @throws BrambleError `not-found`, `permission-denied`, `failed-precondition` when it is closed */
  async acknowledge(id: string, caller: Caller): Promise<IncidentView> {
    await this.#assertMaintains(id, caller);
    return viewOf(await this.#book.acknowledge(id, caller.actor), this.#idsByCause());
  }

  /** @throws BrambleError `not-found`, `permission-denied` */
  async comment(id: string, text: string, caller: Caller): Promise<IncidentView> {
    await this.#assertMaintains(id, caller);
    return viewOf(await this.#book.comment(id, text, caller.actor), this.#idsByCause());
  }

  /** @throws BrambleError `not-found`, `permission-denied` */
  async close(id: string, reason: string, caller: Caller): Promise<IncidentView> {
    await this.#assertMaintains(id, caller);
    return viewOf(await this.#book.close(id, reason, caller.actor), this.#idsByCause());
  }

  async #assertMaintains(id: string, caller: Caller): Promise<void> {
    const { site } = await this.#seen(id, caller);
    assertMay(caller, 'nodes.maintain', site ?? WHOLE_FLEET);
  }

  async #seen(id: string, caller: Caller): Promise<Incident> {
    const incident = await this.#store.reader.incidents.incident(id);
    if (incident !== undefined && isSeen(this.#scope(caller), incident)) return incident;
    throw new BrambleError('not-found', 'there is no such incident');
  }

  #scope(caller: Caller): Scope {
    assertMay(caller, 'nodes.read');
    return scopeOf(caller.principal, 'nodes.read');
  }

  #idsByCause(): ReadonlyMap<string, string> {
    const ids = new Map<string, string>();
    for (const { node } of this.#nodes.all()) {
      ids.set(node.kind === 'pi' ? nodeCause(node.name) : `${node.kind}:${node.name}`, node.id);
    }
    return ids;
  }
}

/** A name that no site can have: only a right for all sites covers it. */
const WHOLE_FLEET = '(fleet)';

function isSeen(scope: Scope, { site }: Incident): boolean {
  return site === undefined ? scope === 'all' : covers(scope, site);
}

function viewOf(incident: Incident, ids: ReadonlyMap<string, string>): IncidentView {
  const { id, cause, site, row, severity, verdict, openedAtMs, wellSinceMs, closedAtMs, closedBy } = incident;
  const { acknowledged } = incident;
  const node = ids.get(cause);
  return {
    ...{ id, cause, row, severity, openedAtMs },
    verdict: visible(verdict, 500),
    title: visible(incidentTitle(incident), 500),
    state: isOpen(incident) ? 'open' : 'closed',
    sides: incident.sides.map(({ side, name, words }) => ({
      side,
      name: visible(name, 200),
      words: visible(words, 500),
    })),
    members: incident.members.slice(0, MEMBERS_TOLD).map((member) => memberView(member, ids)),
    ...(site === undefined ? {} : { site }),
    ...(node === undefined ? {} : { node }),
    ...(wellSinceMs === undefined ? {} : { wellSinceMs }),
    ...(closedAtMs === undefined ? {} : { closedAtMs }),
    ...(closedBy === '' ? {} : { closedBy }),
    ...(acknowledged === undefined ? {} : { acknowledgedBy: acknowledged.by, acknowledgedAtMs: acknowledged.atMs }),
  };
}

function memberView(
  { name, state, heldBecause, sinceMs, wellSinceMs }: Incident['members'][number],
  ids: ReadonlyMap<string, string>,
): IncidentView['members'][number] {
  const node = ids.get(nodeCause(name));
  return {
    ...{ name: visible(name, 63), state, sinceMs, heldBecause: visible(heldBecause, 500) },
    ...(node === undefined ? {} : { node }),
    ...(wellSinceMs === undefined ? {} : { wellSinceMs }),
  };
}

function entryView({ atMs, kind, about, words, actor }: TimelineEntry): IncidentDetail['timeline'][number] {
  return { atMs, kind, about: visible(about, 63), words, actor };
}
