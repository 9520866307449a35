/** A planning pass over a large fleet of which some is unhealthy, and one explanation. Processor time, not the wall's. */

import process from 'node:process';
import { renderExplain } from '../../controller/domain/healing/explain.js';
import { emptyMemory, type HealMemory } from '../../controller/domain/healing/memory.js';
import type { NodeSight, Observed } from '../../controller/domain/healing/observed.js';
import { plan } from '../../controller/domain/healing/plan.js';
import { DEFAULT_POLICY } from '../../controller/domain/healing/policy.js';
import { buildTopology } from '../../controller/domain/testing/fleet.js';
import { type FleetMap, mapFleet } from '../../controller/domain/topology/fleet-map.js';
import { type Figure, median } from './figure.js';

const [SITES, PER_SITE, UNHEALTHY] = [100, 100, 200];
const [PASS_MS, PASSES, WARM_PASSES] = [10_000, 60, 20];
const EXPLANATIONS = 1_000;

export async function measureHealing(): Promise<readonly Figure[]> {
  const map = mapFleet(
    buildTopology({
      sites: SITES,
      nodesPerSite: PER_SITE,
      sparesPerSite: 2,
      nodesPerSwitch: 48,
      nodesPerShelf: 96,
      models: ['3b', '3b+', '4b'],
      images: ['bookworm-1', 'bookworm-2'],
    }),
  );
  const desired = { map, holds: [], lifecycles: new Map(), repaired: new Set<number>() };
  let memory: HealMemory = emptyMemory();
  const took: number[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const nowMs = 600_000 + pass * PASS_MS;
    const observed = observe(map, nowMs, memory);
    const before = cpuMs();
    const planned = plan(observed, desired, DEFAULT_POLICY, nowMs);
    if (pass >= WARM_PASSES) took.push(cpuMs() - before);
    memory = planned.memory;
  }
  const records = [...memory.records.values()];
  const before = cpuMs();
  for (let at = 0; at < EXPLANATIONS; at++) {
    const record = records[at % records.length];
    if (record !== undefined) renderExplain(record);
  }
  const explainMs = (cpuMs() - before) / EXPLANATIONS;
  return await Promise.resolve([
    { figure: 'healing.plan', value: median(took), unit: 'ms', goal: 50 },
    { figure: 'healing.explain', value: explainMs, unit: 'ms', goal: 5 },
  ]);
}

/** Every fiftieth node is silent: hung, and seen so from both other sides. */
function observe(map: FleetMap, nowMs: number, memory: HealMemory): Observed {
  const every = Math.floor(map.nodes.length / UNHEALTHY);
  const well: NodeSight = {
    agent: 'fresh',
    symptom: undefined,
    boot: 'none',
    bootSinceMs: 0,
    nfs: 'active',
    fileserverSawAtMs: nowMs - 5_000,
    link: 'up',
    power: 'normal',
    switchSawAtMs: nowMs - 5_000,
  };
  const { topology } = map;
  return {
    controller: { graceUntilMs: 0, loopLagMs: 5, isRestored: false },
    sites: new Map(topology.sites.map(({ name }) => [name, { tunnel: 'up', completeRatio: 1 }])),
    fileservers: new Map(
      topology.fileservers.map(({ name }) => [
        name,
        { agent: 'fresh', service: 'ok', arrays: 'clean', hasSnapshots: true, hasImage: true },
      ]),
    ),
    switches: new Map(topology.switches.map(({ name }) => [name, { agent: 'fresh', psusLost: [] }])),
    nodes: map.nodes.map(({ index }) => (index % every === 0 ? { ...well, agent: 'silent', nfs: 'idle' } : well)),
    changes: [],
    actions: [],
    memory,
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
