/**
 * Mistakes that somebody could make in the healing engine, planted one at a time: if the simulator does not find one of
 * them, it would not find its like either. Each is a wrong way to call or to write `plan`.
 */

import type { Desired } from '../../controller/domain/healing/desired.js';
import type { HealMemory } from '../../controller/domain/healing/memory.js';
import type { NodeSight, Observed } from '../../controller/domain/healing/observed.js';
import { type Plan, plan } from '../../controller/domain/healing/plan.js';
import type { HealingPolicy } from '../../controller/domain/healing/policy.js';
import type { PlanFunction } from '../sim/fleet/engine-healer.js';

export interface KnownBug {
  readonly name: string;
  /** Invariants of which at least one must catch it. */
  readonly caughtBy: readonly string[];
  /** A fresh one for every run: bugs may remember. */
  make(): PlanFunction;
}

/** Sees something else than what is there. */
function seeing(change: (observed: Observed, nowMs: number) => Observed): PlanFunction {
  return (observed, desired, policy, nowMs) => plan(change(observed, nowMs), desired, policy, nowMs);
}

function sights(change: (sight: NodeSight, nowMs: number) => NodeSight): PlanFunction {
  return seeing((observed, nowMs) => ({ ...observed, nodes: observed.nodes.map((sight) => change(sight, nowMs)) }));
}

/** Begins with another memory than the last pass left. */
function remembering(change: (memory: HealMemory) => HealMemory): PlanFunction {
  return seeing((observed) => ({ ...observed, memory: change(observed.memory) }));
}

/** Works by another policy than it says. */
function obeying(change: (policy: HealingPolicy) => HealingPolicy): PlanFunction {
  return (observed, desired, policy, nowMs) => plan(observed, desired, change(policy), nowMs);
}

function wanting(change: (planned: Plan, observed: Observed, nowMs: number) => Plan): PlanFunction {
  return (observed, desired, policy, nowMs) => change(plan(observed, desired, policy, nowMs), observed, nowMs);
}

/** Observers that say nothing are taken for observers that say that all is well. */
function trustingTheBlind(observed: Observed): Observed {
  const fresh = <T extends { readonly agent: unknown }>(one: T) => ({ ...one, agent: 'fresh' as const });
  return {
    ...observed,
    sites: new Map([...observed.sites].map(([name]) => [name, { tunnel: 'up', completeRatio: 1 }])),
    fileservers: new Map([...observed.fileservers].map(([name, one]) => [name, fresh(one)])),
    switches: new Map([...observed.switches].map(([name, one]) => [name, fresh(one)])),
    nodes: observed.nodes.map((sight) => ({
      ...sight,
      fileserverSawAtMs: Number.MAX_SAFE_INTEGER,
      switchSawAtMs: Number.MAX_SAFE_INTEGER,
    })),
  };
}

export const KNOWN_BUGS: readonly KnownBug[] = [
  {
    name: 'an action is started twice, under two names',
    caughtBy: ['H1'],
    make: () =>
      wanting((planned) => ({
        ...planned,
        starts: planned.starts.flatMap((one) => [one, { ...one, id: `${one.id}-again` }]),
      })),
  },
  {
    name: 'what is under way is forgotten',
    caughtBy: ['H1', 'H3'],
    make: () => (observed, desired, policy, nowMs) => {
      const nodes = new Map([...observed.memory.nodes].filter(([, heal]) => heal.state !== 'acting'));
      return plan({ ...observed, actions: [], memory: { ...observed.memory, nodes } }, desired, policy, nowMs);
    },
  },
  {
    name: 'a restored database is believed at once',
    caughtBy: ['H6'],
    make: () => seeing((observed) => ({ ...observed, controller: { ...observed.controller, isRestored: false } })),
  },
  {
    name: 'who was not heard is taken for silent',
    caughtBy: ['H4', 'H6', 'H12'],
    make: () =>
      seeing((observed) => ({
        ...trustingTheBlind(observed),
        controller: { ...observed.controller, graceUntilMs: 0 },
        nodes: trustingTheBlind(observed).nodes.map((sight) => ({
          ...sight,
          agent: sight.agent === 'unobserved' ? 'silent' : sight.agent,
        })),
      })),
  },
  {
    name: 'a rebuilding array is no reason to wait',
    caughtBy: ['H5'],
    make: () =>
      seeing((observed) => ({
        ...observed,
        fileservers: new Map([...observed.fileservers].map(([name, one]) => [name, { ...one, arrays: 'clean' }])),
      })),
  },
  {
    name: 'all boards are let in at once',
    caughtBy: ['H14'],
    make: () =>
      wanting((planned, { nodes, actions }, nowMs) => {
        const isKnown = (index: number): boolean => [...planned.starts, ...actions].some(({ node }) => node === index);
        const others = nodes.flatMap(({ power }, node) => (power === 'off' && !isKnown(node) ? [node] : []));
        const starts = others.map((node) => ({
          id: `all-${node}-${nowMs}`,
          node,
          name: String(node),
          rung: 'admit' as const,
          row: 'waits-for-power',
          isCycle: false,
          spare: undefined,
          plannedAtMs: nowMs,
        }));
        return { ...planned, starts: [...planned.starts, ...starts] };
      }),
  },
  {
    name: 'budgets have no limits',
    caughtBy: ['H3'],
    make: () =>
      obeying((policy) => ({
        ...policy,
        storm: { ...policy.storm, ratio: 1, smallCount: 99 },
        budgets: {
          ...policy.budgets,
          switchInFlight: 99,
          siteInFlightFloor: 99,
          fleetInFlight: 99,
          fleetPerHourFloor: 99,
        },
      })),
  },
  {
    name: 'the power of a node that serves is cut',
    caughtBy: ['H4'],
    make: () => sights((sight) => (sight.nfs === 'active' ? { ...sight, nfs: 'idle' } : sight)),
  },
  {
    name: 'a change is no suspect',
    caughtBy: ['H4'],
    make: () => seeing((observed) => ({ ...observed, changes: [] })),
  },
  {
    name: 'why a node is held is not written down',
    caughtBy: ['H11'],
    make: () =>
      wanting((planned) => ({
        ...planned,
        memory: {
          ...planned.memory,
          records: new Map(
            [...planned.memory.records].map(([at, record]) => [at, { ...record, objection: undefined }]),
          ),
        },
      })),
  },
  {
    name: 'a decision depends on something that is not written down',
    caughtBy: ['H10'],
    make: () => {
      let calls = 0;
      return wanting((planned) => {
        calls++;
        return { ...planned, records: planned.records.map((record) => ({ ...record, evidence: `call ${calls}` })) };
      });
    },
  },
  {
    name: 'a symptom that went away is healed all the same',
    caughtBy: ['H12'],
    make: () => {
      const last = new Map<number, NodeSight['symptom']>();
      return seeing((observed) => ({
        ...observed,
        nodes: observed.nodes.map((sight, index) => {
          const symptom = sight.symptom ?? last.get(index);
          last.set(index, symptom);
          return { ...sight, symptom };
        }),
      }));
    },
  },
  {
    name: 'a protected port is switched off',
    caughtBy: ['H8'],
    make: () => (observed, desired, policy, nowMs) => plan(observed, withoutProtection(desired), policy, nowMs),
  },
  {
    name: 'the storm brake is forgotten',
    caughtBy: ['G4'],
    make: () => obeying((policy) => ({ ...policy, storm: { ...policy.storm, ratio: 1, smallCount: 99 } })),
  },
  {
    name: 'a node may be disrupted as often as it takes',
    caughtBy: ['H3'],
    make: () => obeying((policy) => ({ ...policy, budgets: { ...policy.budgets, nodePerDay: 99, nodeApartMs: 0 } })),
  },
  {
    name: 'what was done to a node is forgotten',
    caughtBy: ['H3'],
    make: () => remembering((memory) => ({ ...memory, histories: new Map() })),
  },
  {
    name: 'the ladder is climbed from its foot again',
    caughtBy: ['H7'],
    make: () =>
      remembering((memory) => ({
        ...memory,
        nodes: new Map([...memory.nodes].map(([index, heal]) => [index, { ...heal, tried: [] }])),
      })),
  },
  {
    name: 'what was seen ten minutes ago is taken for now',
    caughtBy: ['H12', 'H4'],
    make: () => {
      const past: { readonly atMs: number; readonly nodes: readonly NodeSight[] }[] = [];
      return seeing((observed, nowMs) => {
        past.push({ atMs: nowMs, nodes: observed.nodes });
        while (past[1] !== undefined && past[1].atMs <= nowMs - 600_000) past.shift();
        const then = past[0]?.nodes ?? observed.nodes;
        const now = { fileserverSawAtMs: nowMs, switchSawAtMs: nowMs };
        return { ...observed, nodes: then.map((sight) => ({ ...sight, ...now })) };
      });
    },
  },
  {
    name: 'a controller that lags trusts what it hears',
    caughtBy: ['G1'],
    make: () => seeing((observed) => ({ ...observed, controller: { ...observed.controller, loopLagMs: 0 } })),
  },
  {
    name: 'two actions have one name',
    caughtBy: ['H2'],
    make: () => remembering((memory) => ({ ...memory, nextAction: 1 })),
  },
  {
    name: 'a pause is not asked about',
    caughtBy: ['I7'],
    make: () => (observed, desired, policy, nowMs) => plan(observed, { ...desired, holds: [] }, policy, nowMs),
  },
];

function withoutProtection(desired: Desired): Desired {
  const nodes = desired.map.nodes.map((node) => ({
    ...node,
    port: node.port === undefined ? undefined : { ...node.port, isProtected: false },
  }));
  return { ...desired, map: { ...desired.map, nodes } };
}
