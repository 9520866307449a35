/** Everything that the three vantage points have told, as one observation to plan by. Reads memory only. */

import type { ActionSight } from '../../../domain/healing/action.js';
import type { HealMemory } from '../../../domain/healing/memory.js';
import type {
  Change,
  ControllerSight,
  FileserverSight,
  NodeSight,
  Observed,
  SiteSight,
  Symptom,
} from '../../../domain/healing/observed.js';
import type { FleetMap, MappedNode } from '../../../domain/topology/fleet-map.js';
import type { Boards } from '../../boards.js';
import type { NodeEntry, NodeTable } from '../../node-table.js';
import type { Topologies } from '../topologies.js';
import { FileserverSights, fileserverSight, UNSEEN_DISK } from './fileserver-sights.js';
import { SwitchPorts, UNSEEN_PORT } from './switch-ports.js';

/** So many reports in a row make an observer whole. */
const PERIODS = 3;

/** Conditions of its own agent that healing has a remedy for, the gravest first. */
const SYMPTOMS: readonly (readonly [condition: string, symptom: Symptom])[] = [
  ['CardFailing', 'card-dying'],
  ['CardVerifyFailed', 'card-dying'],
  ['Undervoltage', 'undervoltage'],
  ['BootLoop', 'loops'],
  ['ClockOffset', 'clock-wrong'],
];

interface Observers {
  readonly fileserver: ReadonlyMap<string, NodeEntry>;
  readonly switch: ReadonlyMap<string, NodeEntry>;
}

export interface GatherInput {
  readonly controller: ControllerSight;
  readonly changes: readonly Change[];
  readonly actions: readonly ActionSight[];
  readonly memory: HealMemory;
  /** When we gave a node power last. */
  readonly poweredOnAtMs: (name: string) => number | undefined;
  readonly nowMs: number;
}

export class EvidenceGatherer {
  readonly #nodes: NodeTable;
  readonly #topologies: Topologies;
  readonly #ports = new SwitchPorts();
  readonly #disks: FileserverSights;
  /** Since when each observer has been heard without a gap. */
  readonly #freshSinceMs = new Map<string, number>();
  readonly #startedAtMs: number;

  constructor(deps: {
    readonly nodes: NodeTable;
    readonly boards: Pick<Boards, 'seenBy'>;
    readonly topologies: Topologies;
    readonly startedAtMs: number;
  }) {
    this.#nodes = deps.nodes;
    this.#topologies = deps.topologies;
    this.#disks = new FileserverSights(deps.boards);
    this.#startedAtMs = deps.startedAtMs;
  }

  observe(map: FleetMap, input: GatherInput): Observed {
    const { nowMs, controller, changes, actions, memory } = input;
    this.#disks.begin();
    const seers = this.#observers(nowMs);
    const { topology } = map;
    // Roots are neither rolled back nor made anew by healing yet: nobody there can.
    const can = { hasSnapshots: false, hasImage: false };
    const fileservers = new Map<string, FileserverSight>(
      topology.fileservers.map(({ name }) => [name, fileserverSight(seers.fileserver.get(name), can)]),
    );
    const switches = new Map(
      topology.switches.map(({ name }) => {
        const agent = seers.switch.get(name)?.liveness ?? 'unobserved';
        return [name, { agent, psusLost: [] }] as const; // no agent tells of power supplies yet
      }),
    );
    return {
      controller,
      sites: this.#sites(map, seers, nowMs),
      fileservers,
      switches,
      nodes: map.nodes.map((node) => this.#nodeSight(node, seers, input)),
      changes,
      actions,
      memory,
    };
  }

  /** Agents of fileservers and switches, by name. */
  #observers(nowMs: number): Observers {
    const seers = { fileserver: new Map<string, NodeEntry>(), switch: new Map<string, NodeEntry>() };
    for (const entry of this.#nodes.all()) {
      const { kind, name, id, lifecycle } = entry.node;
      if (kind === 'pi' || lifecycle === 'revoked') continue;
      seers[kind].set(name, entry);
      if (entry.liveness !== 'fresh') this.#freshSinceMs.delete(id);
      else if (!this.#freshSinceMs.has(id)) this.#freshSinceMs.set(id, nowMs);
    }
    return seers;
  }

  #sites(map: FleetMap, seers: Observers, nowMs: number): ReadonlyMap<string, SiteSight> {
    const { topology } = map;
    const siteOf = new Map(topology.racks.map(({ name, site }) => [name, site]));
    const counts = new Map<string, { owed: number; whole: number }>();
    const count = (kind: keyof Observers, { name, rack }: { readonly name: string; readonly rack: string }): void => {
      const site = siteOf.get(rack) ?? '';
      const of = counts.get(site) ?? { owed: 0, whole: 0 };
      counts.set(site, of);
      of.owed += 1;
      const entry = seers[kind].get(name);
      const sinceMs = entry === undefined ? undefined : this.#freshSinceMs.get(entry.node.id);
      if (entry !== undefined && sinceMs !== undefined && nowMs - sinceMs >= PERIODS * entry.reportIntervalMs)
        of.whole += 1;
    };
    for (const one of topology.fileservers) count('fileserver', one);
    for (const one of topology.switches) count('switch', one);
    return new Map(
      topology.sites.map(({ name }) => {
        const { owed, whole } = counts.get(name) ?? { owed: 0, whole: 0 };
        return [name, { tunnel: 'unobserved', completeRatio: owed === 0 ? 1 : whole / owed }] as const;
      }),
    );
  }

  #nodeSight(mapped: MappedNode, seers: Observers, input: GatherInput): NodeSight {
    const { nowMs, poweredOnAtMs } = input;
    const { record, port } = mapped;
    const entry = this.#topologies.entryOf(record.name);
    const own = record.plug === undefined ? undefined : seers.switch.get(record.plug.switch);
    const portSight =
      own === undefined || port === undefined ? UNSEEN_PORT : this.#ports.sight(own, port.interfaceName);
    if (entry === undefined) return { agent: 'unobserved', symptom: undefined, ...UNSEEN_DISK, ...portSight };
    const fileserver = record.fileserver === '' ? undefined : seers.fileserver.get(record.fileserver);
    const on = { nowMs, poweredOnAtMs: poweredOnAtMs(record.name), knowsSinceMs: this.#startedAtMs };
    const disk = fileserver === undefined ? UNSEEN_DISK : this.#disks.sight(fileserver, entry, on);
    return { agent: entry.liveness, symptom: symptomOf(entry), ...disk, ...portSight };
  }
}

function symptomOf({ conditions }: NodeEntry): Symptom | undefined {
  const raised = new Set(
    conditions
      .filter(({ status, raised: isRaised, severity }) => isRaised && status === 'true' && severity === 'error')
      .map(({ rule }) => rule.type),
  );
  return SYMPTOMS.find(([condition]) => raised.has(condition))?.[1];
}
