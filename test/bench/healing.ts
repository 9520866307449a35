/** A planning pass over a large fleet of which some is unhealthy, why a node is as it is, and a day played again. Processor time, not the wall's. */

import process from 'node:process';
import { type ExplainRecord, renderExplain } from '../../controller/domain/healing/explain.js';
import { emptyMemory, type HealMemory } from '../../controller/domain/healing/memory.js';
import type { NodeSight, Observed } from '../../controller/domain/healing/observed.js';
import { plan } from '../../controller/domain/healing/plan.js';
import { DEFAULT_POLICY } from '../../controller/domain/healing/policy.js';
import { buildTopology, DEFAULT_FLEET, type FleetSpec } from '../../controller/domain/testing/fleet.js';
import { type FleetMap, mapFleet } from '../../controller/domain/topology/fleet-map.js';
import { openSqliteStore } from '../../controller/store/sqlite-store.js';
import type { PlanFunction } from '../sim/fleet/engine-healer.js';
import { Simulation } from '../sim/fleet/simulation.js';
import { type Figure, median } from './figure.js';
import { observeMs } from './healing-evidence.js';

const [SITES, PER_SITE, UNHEALTHY] = [100, 100, 200];
const [PASS_MS, PASSES, WARM_PASSES] = [10_000, 60, 20];
const [EXPLANATIONS, STORED] = [1_000, 20_000];
const DAY_MS = 86_400_000;
const LARGE: FleetSpec = {
  sites: SITES,
  nodesPerSite: PER_SITE,
  sparesPerSite: 2,
  nodesPerSwitch: 48,
  nodesPerShelf: 96,
  models: ['3b', '3b+', '4b'],
  images: ['bookworm-1', 'bookworm-2'],
};

export async function measureHealing(): Promise<readonly Figure[]> {
  const map = mapFleet(buildTopology(LARGE));
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
  const [planMs, lookMs] = [median(took), await observeMs(LARGE)];
  return [
    { figure: 'healing.plan', value: planMs, unit: 'ms', goal: 50 },
    { figure: 'healing.observe', value: lookMs, unit: 'ms', goal: 50 },
    { figure: 'healing.pass', value: planMs + lookMs, unit: 'ms', goal: 50 },
    { figure: 'healing.explain', value: await explainMs([...memory.records.values()]), unit: 'ms', goal: 5 },
    { figure: 'healing.replay', value: replayDayS(), unit: 's', goal: 10 },
  ];
}

/** From the store of a fleet that has been looked after for a while: the newest decisions about one node, in words. */
async function explainMs(records: readonly ExplainRecord[]): Promise<number> {
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const clock = { nowMs: () => 0, monotonicMs: () => 0 };
  const store = await openSqliteStore({ path: ':memory:', mode: 'inline', clock, log: quiet });
  await store.transact(async (writer) => {
    for (let at = 0; at < STORED; at++) {
      const record = records[at % records.length];
      if (record !== undefined) await writer.healing.addExplainRecord({ ...record, atMs: at });
    }
  });
  const before = cpuMs();
  for (let at = 0; at < EXPLANATIONS; at++) {
    const node = records[at % records.length]?.node;
    const found = await store.reader.healing.explainRecords({ node, limit: 20 });
    for (const { record } of found) renderExplain(record);
  }
  const spentMs = cpuMs() - before;
  await store.close();
  return spentMs / EXPLANATIONS;
}

/** Every pass of a day of a thousand nodes once more, on what it saw then; it must come to the same, word for word. */
function replayDayS(): number {
  const topology = buildTopology({ ...DEFAULT_FLEET, sites: 10, nodesPerSite: 100, nodesPerSwitch: 48 });
  let spentMs = 0;
  const twice: PlanFunction = (...input) => {
    const planned = plan(...input);
    const before = cpuMs();
    const again = plan(...input);
    spentMs += cpuMs() - before;
    if (JSON.stringify(again.records) !== JSON.stringify(planned.records))
      throw new Error('a replay came out differently');
    return planned;
  };
  const options = { seed: 1, days: 1, topology, policy: DEFAULT_POLICY, factor: 0, plan: twice };
  const simulation = new Simulation(options);
  simulation.trouble.schedule(DAY_MS, 1);
  simulation.runUntil(DAY_MS);
  return spentMs / 1_000;
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
