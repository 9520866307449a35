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
import type { NodeRecord } from '../../../domain/topology/records.js';
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
  ['UnitFailed', 'unit-failed'],
];

interface Observers {
  readonly fileserver: ReadonlyMap<string, NodeEntry>;
  readonly switch: ReadonlyMap<string, NodeEntry>;
}

/** Whether the tunnel of a site's gateway is there, as the overlay's own process tells; `unobserved`: it has none, or nobody tells. */
export type TunnelOf = (site: string) => SiteSight['tunnel'];

export interface GatherInput {
  readonly controller: ControllerSight;
  readonly changes: readonly Change[];
  readonly actions: readonly ActionSight[];
  readonly memory: HealMemory;
  /** When we gave a node power last. */
  readonly poweredOnAtMs: (name: string) => number | undefined;
  /** See NodeSight. */
  readonly workedOnUntilMs: (name: string) => number | undefined;
  readonly nowMs: number;
}

export class EvidenceGatherer {
  readonly #nodes: NodeTable;
  readonly #topologies: Topologies;
  readonly #ports = new SwitchPorts();
  readonly #disks: FileserverSights;
  readonly #symptoms = new WeakMap<NodeEntry['conditions'], Symptom | undefined>();
  /** Since when each observer has been heard without a gap. */
  readonly #freshSinceMs = new Map<string, number>();
  readonly #startedAtMs: number;
  readonly #tunnelOf: TunnelOf;
  readonly #rootsOf: (node: NodeRecord) => NodeSight['roots'];

  constructor(deps: {
    readonly nodes: NodeTable;
    readonly boards: Pick<Boards, 'seenBy'>;
    readonly topologies: Topologies;
    readonly startedAtMs: number;
    readonly tunnelOf?: TunnelOf | undefined;
    readonly rootsOf: (node: NodeRecord) => NodeSight['roots'];
  }) {
    this.#tunnelOf = deps.tunnelOf ?? (() => 'unobserved');
    this.#rootsOf = deps.rootsOf;
    this.#nodes = deps.nodes;
    this.#topologies = deps.topologies;
    this.#disks = new FileserverSights(deps.boards);
    this.#startedAtMs = deps.startedAtMs;
  }

  observe(map: FleetMap, input: GatherInput): Observed {
    const { nowMs, controller, changes, actions, memory } = input;
    const seers = this.#observers(nowMs);
    const { topology } = map;
    const can = { hasSnapshots: false, hasImage: false }; // what each node could be served is told of each node
    const fileservers = new Map<string, FileserverSight>(
      topology.fileservers.map(({ name }) => [name, fileserverSight(seers.fileserver.get(name), can)]),
    );
    const switches = new Map(
      topology.switches.map((record) => {
        const entry = seers.switch.get(record.name);
        return [
          record.name,
          { agent: entry?.liveness ?? 'unobserved', ...this.#ports.supplies(entry, record) },
        ] as const;
      }),
    );
    return {
      controller,
      sites: this.#sites(map, seers, nowMs),
      fileservers,
      switches,
      nodes: this.#nodeSights(map, seers, input),
      changes,
      actions,
      memory,
    };
  }

  /** Agents of fileservers and switches, by name. */
  #observers(nowMs: number): Observers {
    const seers = { fileserver: new Map<string, NodeEntry>(), switch: new Map<string, NodeEntry>() };
    for (const entry of this.#nodes.observers()) {
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
        return [name, { tunnel: this.#tunnelOf(name), completeRatio: owed === 0 ? 1 : whole / owed }] as const;
      }),
    );
  }

  #nodeSights(map: FleetMap, seers: Observers, input: GatherInput): readonly NodeSight[] {
    const entries = map === this.#topologies.map() ? this.#topologies.entries() : undefined;
    return map.nodes.map((node) => {
      const entry = entries === undefined ? this.#topologies.entryOf(node.record.name) : entries[node.index];
      return this.#nodeSight(node, entry, seers, input);
    });
  }

  /** Every field by its name: spreading objects costs most of a pass over a large fleet. */
  #nodeSight(
    { record, port }: MappedNode,
    entry: NodeEntry | undefined,
    seers: Observers,
    input: GatherInput,
  ): NodeSight {
    const { nowMs, poweredOnAtMs } = input;
    const workedOnUntilMs = input.workedOnUntilMs(record.name);
    const own = record.plug === undefined ? undefined : seers.switch.get(record.plug.switch);
    const { link, power, switchSawAtMs } =
      own === undefined || port === undefined ? UNSEEN_PORT : this.#ports.sight(own, port.interfaceName);
    const fileserver =
      entry === undefined || record.fileserver === '' ? undefined : seers.fileserver.get(record.fileserver);
    const { boot, bootSinceMs, nfs, fileserverSawAtMs } =
      entry === undefined || fileserver === undefined
        ? UNSEEN_DISK
        : this.#disks.sight(fileserver, entry, {
            nowMs,
            poweredOnAtMs: poweredOnAtMs(record.name),
            workedOnUntilMs,
            knowsSinceMs: this.#startedAtMs,
          });
    return {
      agent: entry?.liveness ?? 'unobserved',
      symptom: entry === undefined ? undefined : this.#symptomOf(entry),
      boot,
      bootSinceMs,
      nfs,
      fileserverSawAtMs,
      link,
      power,
      switchSawAtMs,
      workedOnUntilMs,
      roots: entry && this.#rootsOf(record),
    };
  }

  /** Conditions are judged anew with every report, and most are as they were. */
  #symptomOf({ conditions }: NodeEntry): Symptom | undefined {
    if (!this.#symptoms.has(conditions)) this.#symptoms.set(conditions, symptomOf(conditions));
    return this.#symptoms.get(conditions);
  }
}

function symptomOf(conditions: NodeEntry['conditions']): Symptom | undefined {
  let gravest = SYMPTOMS.length;
  for (const { rule, status, raised, severity } of conditions) {
    if (!raised || status !== 'true' || severity !== 'error') continue;
    const at = SYMPTOMS.findIndex(([condition]) => condition === rule.type);
    if (at >= 0 && at < gravest) gravest = at;
  }
  return SYMPTOMS[gravest]?.[1];
}
