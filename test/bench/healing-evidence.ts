/** What it costs to make one observation of everything that a large fleet has told. */

import process from 'node:process';
import { emptyMemory } from '../../controller/domain/healing/memory.js';
import type { FleetSpec } from '../../controller/domain/testing/fleet.js';
import { buildTopology } from '../../controller/domain/testing/fleet.js';
import { openSqliteStore } from '../../controller/store/sqlite-store.js';
import type { FactChange } from '../../controller/usecases/agent-messages.js';
import { EvidenceGatherer } from '../../controller/usecases/healing/evidence/gather.js';
import { Topologies } from '../../controller/usecases/healing/topologies.js';
import { NodeTable } from '../../controller/usecases/node-table.js';
import type { BootRecord } from '../../proto/contract/boot/record.js';
import { type NodeKind, nodeId, siteId } from '../../proto/contract/ids.js';
import { median } from './figure.js';

const [PASS_MS, PASSES] = [10_000, 30];
const clock = { nowMs: () => 0, monotonicMs: () => 0 };
/** The same list, as from boards that have told nothing more. */
const NO_BOOTS: readonly BootRecord[] = [];
const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Milliseconds of a pass; agents report every half minute, so that a third of them has since the pass before. */
export async function observeMs(spec: FleetSpec): Promise<number> {
  const topology = buildTopology(spec);
  const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock, log: quiet });
  await store.transact((writer) => writer.healing.putTopology(topology));
  const nodes = new NodeTable();
  const topologies = new Topologies({ store, world: { clock }, nodes, onCommitted: () => undefined });
  await topologies.load(store.reader);
  enrol(nodes, topology);
  const around = { boards: { seenBy: () => NO_BOOTS }, startedAtMs: 0, rootsOf: () => undefined };
  const gatherer = new EvidenceGatherer({ nodes, topologies, ...around });
  const took: number[] = [];
  for (let pass = 1; pass <= PASSES; pass++) {
    const nowMs = pass * PASS_MS;
    let turn = pass;
    for (const entry of nodes.all()) if (turn++ % 3 === 0) entry.lastSeenAtMonotonicMs = nowMs;
    const before = cpuMs();
    gatherer.observe(topologies.map(), {
      controller: { graceUntilMs: 0, loopLagMs: 5, isRestored: false },
      ...{ changes: [], actions: [], memory: emptyMemory(), nowMs },
      poweredOnAtMs: () => undefined,
      workedOnUntilMs: () => undefined,
    });
    took.push(cpuMs() - before);
  }
  await store.close();
  return median(took);
}

function enrol(nodes: NodeTable, topology: ReturnType<typeof buildTopology>): void {
  const siteOf = new Map(topology.racks.map((rack) => [rack.name, rack.site]));
  let number = 0;
  const add = (kind: NodeKind, name: string, site: string, facts: readonly FactChange[]): void => {
    number += 1;
    const id = nodeId(`n-${String(number).padStart(13, '0')}`);
    const board = { model: '', serial: name, macAddresses: [macOf(name)] };
    const fixed = { lifecycle: 'enrolled', enrolledAtMs: 0, desiredRevision: 0 } as const;
    const terms = { reportIntervalMs: 30_000, graceUntilMonotonicMs: 0 };
    const entry = nodes.put({ ...fixed, id, site: siteId(site), kind, name, board }, terms);
    entry.liveness = 'fresh';
    entry.facts.apply(facts, true);
  };
  for (const { name, site } of topology.nodes) add('pi', name, site, []);
  for (const { name, rack, ports } of topology.switches) {
    const facts = ports.flatMap(({ interfaceName }) => portFacts(interfaceName));
    add('switch', name, siteOf.get(rack) ?? '', facts);
  }
  for (const { name, rack } of topology.fileservers) {
    const own = topology.nodes.filter(({ fileserver }) => fileserver === name);
    add(
      'fileserver',
      name,
      siteOf.get(rack) ?? '',
      own.flatMap((node, at) => clientFacts(node.name, at)),
    );
  }
}

const macOf = (name: string): string => `02:${name}`;

function portFacts(instance: string): readonly FactChange[] {
  return [
    { fact: 'network_operational_state', instance, value: 1 },
    { fact: 'network_carrier_changes_count', instance, value: 3 },
    { fact: 'poe_admin_state', instance, value: 1 },
    { fact: 'poe_status_text', instance, value: 'connected' },
    { fact: 'poe_actual_watts_milli', instance, value: 3_000 },
    { fact: 'port_vlans_text', instance, value: '10u' },
    { fact: 'network_received_bytes', instance, value: 1e9 },
    { fact: 'network_transmitted_bytes', instance, value: 1e9 },
  ];
}

function clientFacts(name: string, at: number): readonly FactChange[] {
  const instance = `10.0.${at >> 6}.${((at & 63) << 2) + 2}`;
  return [
    { fact: 'vlan_peer_mac_text', instance, value: macOf(name) },
    { fact: 'nfs_client_asked_unix_s', instance, value: 1_000_000 },
  ];
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
