import { BrambleError } from '../../../proto/contract/errors.js';
import { type NodeId, siteId } from '../../../proto/contract/ids.js';
import { uuidv7 } from '../../../proto/contract/random.js';
import { visible } from '../../../proto/contract/visible.js';
import type { Actor } from '../../domain/access/actor.js';
import type { Severity } from '../../domain/event.js';
import type { ExplainRecord } from '../../domain/healing/explain.js';
import { advanceIncidents, type IncidentStep } from '../../domain/incidents/advance.js';
import { type Incident, incidentTitle, isOpen, type TimelineEntry } from '../../domain/incidents/incident.js';
import type { ActionSign } from '../../domain/incidents/signs.js';
import type { ActionRecord } from '../healing/ports.js';
import type { NodeTable } from '../node-table.js';
import type { Store, StoreReader, StoreWriter, World } from '../ports.js';
import { causeSigns, nodeSigns, type PassSeen } from './sight.js';

interface IncidentDeps {
  readonly store: Store;
  readonly world: Pick<World, 'clock' | 'random'>;
  readonly nodes: Pick<NodeTable, 'all'>;
  /** Channels that are told of every incident. */
  readonly channels: readonly string[];
  readonly onCommitted: () => void;
}

/** A pass as healing hands it over: what it saw, what it decided, and how its acts are. */
interface IncidentPass extends PassSeen {
  /** Times of the wall clock. */
  readonly records: readonly ExplainRecord[];
  readonly actions: readonly ActionRecord[];
  readonly graceMs: number;
}

/** What a pass changes, before it is written. */
interface IncidentNews {
  readonly step: IncidentStep;
  readonly actionStates: ReadonlyMap<string, ActionRecord['state']>;
}

/** Every incident that is not over, in memory; the others are asked of the store. */
export class IncidentBook {
  readonly #deps: IncidentDeps;
  readonly #live = new Map<string, Incident>();
  #actionStates: ReadonlyMap<string, ActionRecord['state']> = new Map();

  constructor(deps: IncidentDeps) {
    this.#deps = deps;
  }

  async load(reader: StoreReader, actions: readonly ActionRecord[]): Promise<void> {
    for (const incident of await reader.incidents.liveIncidents()) this.#live.set(incident.id, incident);
    this.#actionStates = statesOf(actions);
  }

  /** Those whose cause is not over. */
  live(): readonly Incident[] {
    return [...this.#live.values()];
  }

  /** Judges a pass; nothing is changed before committed(). `undefined` = there is nothing new. */
  look(pass: IncidentPass): IncidentNews | undefined {
    const { policy, actions, records, nowMs, wallOf, graceMs } = pass;
    const { clock, random } = this.#deps.world;
    const signs = {
      nowMs: wallOf(nowMs),
      isListening: graceMs === 0,
      settleMs: policy.settleMs,
      patienceMs: policy.diagnoseMs,
      causes: causeSigns(pass, this.#deps.nodes.all()),
      nodes: nodeSigns(pass),
      records,
      actions: actions.filter(({ id, state }) => this.#actionStates.get(id) !== state).map(actionSign),
    };
    const step = advanceIncidents(this.live(), signs, () => uuidv7(clock.nowMs(), random));
    if (step.changed.length === 0 && step.entries.length === 0) return undefined;
    return { step, actionStates: statesOf(actions) };
  }

  /** Writes what a pass changes. What people said meanwhile stays. @returns the incidents as they are written */
  async writeIn(writer: StoreWriter, { step }: IncidentNews): Promise<readonly Incident[]> {
    const written: Incident[] = [];
    for (const incident of step.changed) {
      const merged = withPeople(incident, await writer.incidents.incident(incident.id));
      await writer.incidents.putIncident(merged);
      written.push(merged);
    }
    for (const entry of step.entries) await writer.incidents.addTimelineEntry(inert(entry));
    for (const incident of step.opened) await this.#tell(writer, incident, 'opened', 'warning');
    for (const { id } of step.closed) {
      const incident = written.find((one) => one.id === id);
      if (incident !== undefined && incident.closedBy === '') await this.#tell(writer, incident, 'closed', 'info');
    }
    return written;
  }

  committed({ actionStates }: IncidentNews, written: readonly Incident[]): void {
    for (const incident of written) this.#keep(incident);
    this.#actionStates = actionStates;
  }

  /** Somebody sees to it. A second time is success. @throws BrambleError `not-found`, `failed-precondition` when it is closed */
  async acknowledge(id: string, actor: Actor): Promise<Incident> {
    return await this.#change(id, actor, 'incident.ack', 'sees to it', (incident) => {
      if (!isOpen(incident)) throw new BrambleError('failed-precondition', 'this incident is closed');
      return { ...incident, acknowledged: incident.acknowledged ?? { by: nameOf(actor), atMs: this.#wallMs } };
    });
  }

  /** @throws BrambleError `not-found` */
  async comment(id: string, text: string, actor: Actor): Promise<Incident> {
    return await this.#change(id, actor, 'incident.comment', text, (incident) => incident);
  }

  /** Nobody is alerted of the same cause again before it was healthy. @throws BrambleError `not-found` */
  async close(id: string, reason: string, actor: Actor): Promise<Incident> {
    return await this.#change(id, actor, 'incident.close', `closed: ${reason}`, (incident) =>
      isOpen(incident) ? { ...incident, closedAtMs: this.#wallMs, closedBy: nameOf(actor) } : incident,
    );
  }

  get #wallMs(): number {
    return this.#deps.world.clock.nowMs();
  }

  async #change(
    id: string,
    actor: Actor,
    action: string,
    words: string,
    change: (incident: Incident) => Incident,
  ): Promise<Incident> {
    const { store, onCommitted } = this.#deps;
    const changed = await store.transact(async (writer) => {
      const known = await writer.incidents.incident(id);
      if (known === undefined) throw new BrambleError('not-found', 'there is no such incident');
      const next = change(known);
      const atMs = this.#wallMs;
      await writer.incidents.putIncident(next);
      const entry = { incident: id, atMs, kind: 'person', about: '', words, actor: nameOf(actor) } as const;
      await writer.incidents.addTimelineEntry(inert(entry));
      const site = known.site === undefined ? undefined : siteId(known.site);
      const details = { cause: known.cause, words: visible(words, 500) };
      await writer.audit.add({ atMs, actor, action, target: id, site, outcome: 'done', details });
      if (isOpen(known) && !isOpen(next)) await this.#tell(writer, next, 'closed', 'info');
      return next;
    });
    this.#keep(changed);
    onCommitted();
    return changed;
  }

  /** On the timeline, and owed by every channel. */
  async #tell(writer: StoreWriter, incident: Incident, kind: 'opened' | 'closed', severity: Severity): Promise<void> {
    const atMs = this.#wallMs;
    const title = visible(incidentTitle(incident), 400);
    const by = incident.closedBy === '' ? 'it is healthy again' : `by ${incident.closedBy}`;
    const [reason, message] =
      kind === 'opened' ? ['IncidentOpened', title] : ['IncidentClosed', `${title}: closed, ${by}`];
    await writer.addFleetEvent({ atMs, nodeId: this.#nodeIdOf(incident), severity, reason, message });
    for (const channel of this.#deps.channels)
      await writer.incidents.addDelivery({ incident: incident.id, channel, kind, createdAtMs: atMs, nextAtMs: atMs });
  }

  /** Of a node, a fileserver or a switch; `undefined` for what has no agent of its own. */
  #nodeIdOf({ cause }: Incident): NodeId | undefined {
    for (const { node } of this.#deps.nodes.all()) {
      const kind = node.kind === 'pi' ? 'node' : node.kind;
      if (cause === `${kind}:${node.name}`) return node.id;
    }
    return undefined;
  }

  #keep(incident: Incident): void {
    if (incident.overAtMs === undefined) this.#live.set(incident.id, incident);
    else this.#live.delete(incident.id);
  }
}

/** What people may say of an incident is theirs: a pass that looked before they did does not take it back. */
function withPeople(incident: Incident, stored: Incident | undefined): Incident {
  if (stored === undefined) return incident;
  const { acknowledged, closedAtMs, closedBy } = stored;
  return isOpen(stored) ? { ...incident, acknowledged } : { ...incident, acknowledged, closedAtMs, closedBy };
}

function inert(entry: TimelineEntry): TimelineEntry {
  return { ...entry, words: visible(entry.words, 1_000) };
}

function nameOf({ name }: Actor): string {
  return visible(name, 80);
}

function statesOf(actions: readonly ActionRecord[]): ReadonlyMap<string, ActionRecord['state']> {
  return new Map(actions.map(({ id, state }) => [id, state]));
}

function actionSign({ id, name, rung, state, detail, atMs }: ActionRecord): ActionSign {
  return { id, name, rung, state, detail, atMs };
}
