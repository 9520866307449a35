import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildTopology } from '../testing/fleet.js';
import { mapFleet } from '../topology/fleet-map.js';
import type { Action, ActionSight } from './action.js';
import type { Hold } from './desired.js';
import { verdictOf } from './evidence.js';
import type { NodeSigns } from './evidence-table.js';
import { renderExplain } from './explain.js';
import { LADDER } from './ladder.js';
import { emptyMemory, scoreAt } from './memory.js';
import type { NodeSight, Observed } from './observed.js';
import { type Plan, plan } from './plan.js';
import { DEFAULT_POLICY, type HealingPolicy } from './policy.js';
import { stormLimit } from './storm.js';

const MAP = mapFleet(buildTopology());
const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000];

const WELL: Omit<NodeSight, 'fileserverSawAtMs' | 'switchSawAtMs'> = {
  agent: 'fresh',
  symptom: undefined,
  boot: 'none',
  bootSinceMs: 0,
  nfs: 'active',
  link: 'up',
  power: 'normal',
};
const HUNG = { agent: 'silent', nfs: 'idle' } as const;

interface Scene {
  readonly nodes?: Readonly<Record<number, Partial<NodeSight>>>;
  readonly over?: Partial<Observed>;
  readonly holds?: readonly Hold[];
  readonly policy?: HealingPolicy;
}

/** Passes every ten seconds from `fromMs` on; actions stay queued, so that nothing happens but thinking. */
function passes(scene: Scene, forMs: number, before?: Plan, fromMs = HOUR_MS) {
  const starts: Action[] = [];
  const records: Plan['records'][number][] = [];
  let last = before;
  for (let nowMs = fromMs; nowMs <= fromMs + forMs; nowMs += 10 * SECOND_MS) {
    const queued = starts.map(
      (one): ActionSight => ({ ...one, state: 'queued', atMs: one.plannedAtMs, changed: false }),
    );
    const observed: Observed = {
      ...quietFleet(nowMs, scene),
      actions: queued,
      memory: last?.memory ?? emptyMemory(),
      ...scene.over,
    };
    const desired = { map: MAP, holds: scene.holds ?? [], lifecycles: new Map(), repaired: new Set<number>() };
    last = plan(observed, desired, scene.policy ?? DEFAULT_POLICY, nowMs);
    starts.push(...last.starts);
    records.push(...last.records);
  }
  return { starts, records, last };
}

function quietFleet(nowMs: number, { nodes = {} }: Scene): Omit<Observed, 'actions' | 'memory'> {
  const { topology } = MAP;
  const sawAtMs = nowMs - 5 * SECOND_MS;
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
    nodes: MAP.nodes.map(({ index }) => ({
      ...WELL,
      fileserverSawAtMs: sawAtMs,
      switchSawAtMs: sawAtMs,
      ...nodes[index],
    })),
    changes: [],
  };
}

const first = ({ starts }: { readonly starts: readonly Action[] }) => starts.map(({ name, rung }) => `${rung} ${name}`);
const lastGuard = ({ records }: { readonly records: Plan['records'] }) => records.at(-1)?.objection?.guard;

test('a hung node gets its boot path checked after a minute of diagnosis, and nobody else anything', () => {
  expect(first(passes({ nodes: { 3: HUNG } }, 50 * SECOND_MS))).toEqual([]);
  expect(first(passes({ nodes: { 3: HUNG } }, 10 * MINUTE_MS))).toEqual(['R3 site1-pi004']);
});

test('a port that was seen off before the last action is no reason to give it power again', () => {
  const off = { agent: 'silent', power: 'off', link: 'down', nfs: 'idle' } as const;
  const { starts, last } = passes({ nodes: { 3: off } }, 0);
  expect(first({ starts })).toEqual(['admit site1-pi004']);
  const endedAtMs = HOUR_MS + 20 * SECOND_MS;
  const ended = starts.map((one): ActionSight => ({ ...one, state: 'succeeded', atMs: endedAtMs, changed: true }));
  const after = (switchSawAtMs: number) => {
    const scene = { nodes: { 3: { ...off, switchSawAtMs } }, over: { actions: ended } };
    return first(passes(scene, 0, passes(scene, 0, last, endedAtMs).last, endedAtMs + 30 * SECOND_MS));
  };
  expect(after(endedAtMs - 1)).toEqual([]);
  expect(after(endedAtMs + 1)).toEqual(['admit site1-pi004']);
});

test.for<[string, Partial<NodeSigns>, string | undefined]>([
  ['a node that serves only has a dead agent', { agent: 'silent', nfs: 'active' }, 'agent-dead'],
  ['without reads it hangs', { agent: 'silent', nfs: 'idle' }, 'hung'],
  ['a boot that is under way is waited for', { agent: 'silent', boot: 'under-way', nfs: 'idle' }, 'boots'],
  ['missing boot files are ours to repair', { agent: 'silent', boot: 'serial-dir-miss' }, 'boot-path'],
  ['a ROM that asks for nothing is stuck', { agent: 'silent', boot: 'no-dhcp', power: 'low' }, 'rom-stuck'],
  ['a root that never says hello is broken', { agent: 'silent', boot: 'no-agent-hello' }, 'root-broken'],
  ['a port without draw is hardware', { agent: 'silent', link: 'down', power: 'zero' }, 'cable-or-board'],
  ['a dying card is told by the node itself', { agent: 'fresh', symptom: 'card-dying' }, 'card-dying'],
  ['a blind fileserver leaves no verdict', { agent: 'silent', boot: 'unobserved', nfs: 'unobserved' }, undefined],
  ['nobody sees a donor’s home', { agent: 'silent', fileserver: 'none', switch: 'none' }, 'donor'],
])('%s', ([, signs, row]) => {
  const plain: NodeSigns = {
    agent: 'fresh',
    fileserver: 'fresh',
    switch: 'fresh',
    symptom: 'none',
    boot: 'none',
    nfs: 'idle',
    link: 'up',
    power: 'normal',
  };
  expect(verdictOf({ ...plain, ...signs })?.id).toBe(row);
});

const controller = { graceUntilMs: 0, loopLagMs: 5, isRestored: false };
const HOLD: Hold = {
  id: 'h',
  kind: 'manual',
  scope: 'site1',
  owner: 'kim',
  reason: 'x',
  sinceMs: 0,
  untilMs: 9 * HOUR_MS,
};

test.for<[string, Partial<Scene>, string]>([
  [
    'a controller in its grace does not see enough',
    { over: { controller: { ...controller, graceUntilMs: 9 * HOUR_MS } } },
    'G1',
  ],
  [
    'a controller that lags by 200 ms does not see enough',
    { over: { controller: { ...controller, loopLagMs: 200 } } },
    'G1',
  ],
  ['a restored database waits for its promotion', { over: { controller: { ...controller, isRestored: true } } }, 'G5'],
  ['a hold holds', { holds: [HOLD] }, 'G5'],
  [
    'a change is taken back first',
    {
      over: {
        changes: [
          { id: '7', what: 'the VLANs', domain: 'site1-sw1', atMs: HOUR_MS - 1, isRevertable: true, isReverted: false },
        ],
      },
    },
    'G8',
  ],
])('%s', ([, scene, guard]) => {
  const told = passes({ nodes: { 3: HUNG }, ...scene }, 2 * MINUTE_MS);
  expect([first(told), lastGuard(told)]).toEqual([[], guard]);
});

test('a hold that is over holds no more', () => {
  const told = passes({ nodes: { 3: HUNG }, holds: [{ ...HOLD, untilMs: HOUR_MS + 3 * MINUTE_MS }] }, 5 * MINUTE_MS);
  expect(first(told)).toEqual(['R3 site1-pi004']);
});

test('what others had under way with a node ends: it is given as long to come up as if it had just fallen silent', () => {
  const endedAtMs = HOUR_MS + 5 * MINUTE_MS;
  const held = passes({ nodes: { 3: HUNG }, holds: [HOLD] }, 5 * MINUTE_MS);
  expect([first(held), lastGuard(held)]).toEqual([[], 'G5']);
  const scene = { nodes: { 3: { ...HUNG, workedOnUntilMs: endedAtMs } } };
  const { diagnoseMs } = DEFAULT_POLICY;
  const young = passes(scene, diagnoseMs - 10 * SECOND_MS, held.last, endedAtMs);
  expect(first(young)).toEqual([]);
  expect(first(passes(scene, 2 * diagnoseMs, young.last, endedAtMs + diagnoseMs))).toEqual(['R3 site1-pi004']);
});

test('what was seen before others ended what they had under way is no evidence', () => {
  const endedAtMs = HOUR_MS + 5 * MINUTE_MS;
  const loops = { agent: 'silent', boot: 'boot-loop', nfs: 'idle', workedOnUntilMs: endedAtMs } as const;
  const held = passes({ nodes: { 3: loops }, holds: [HOLD] }, 5 * MINUTE_MS);
  const after = (fileserverSawAtMs: number) => {
    const scene = { nodes: { 3: { ...loops, fileserverSawAtMs } } };
    return first(passes(scene, 3 * MINUTE_MS, held.last, endedAtMs));
  };
  expect(after(endedAtMs - 1)).toEqual([]);
  expect(after(endedAtMs + 1)).toEqual(['R6 site1-pi004']);
});

test('everybody at a site silent is the site, and the record names it and its members', () => {
  const nodes = Object.fromEntries([...Array(8).keys()].map((index) => [index, HUNG]));
  const over = {
    fileservers: new Map(
      [...quietFleet(0, {}).fileservers].map(([name, one]) => [
        name,
        { ...one, agent: name === 'site1-fs' ? ('silent' as const) : one.agent },
      ]),
    ),
    switches: new Map(
      [...quietFleet(0, {}).switches].map(([name, one]) => [
        name,
        { ...one, agent: name === 'site1-sw1' ? ('silent' as const) : one.agent },
      ]),
    ),
  };
  const told = passes({ nodes, over }, HOUR_MS);
  expect(first(told)).toEqual([]);
  expect(told.records.at(-1)).toMatchObject({
    decision: 'hold',
    cause: 'site:site1',
    objection: { guard: 'G2', measured: 8 },
  });
});

/** How long after the end of an outage of its site a Pi that is still silent is acted on. */
function actedOnAfterMs(outageMs: number): number {
  const nodes = Object.fromEntries(MAP.nodes.map(({ index }) => [index, { ...HUNG, link: 'unobserved' as const }]));
  const sites = new Map(
    [...quietFleet(0, {}).sites].map(([name, site]) => [name, { ...site, tunnel: 'down' as const }]),
  );
  const outage = passes({ nodes, over: { sites } }, outageMs);
  const begun = HOUR_MS + outageMs + 10 * SECOND_MS;
  const { starts } = passes({ nodes: { 3: HUNG } }, HOUR_MS, outage.last, begun);
  expect(outage.starts).toEqual([]);
  return (starts[0]?.plannedAtMs ?? Number.NaN) - begun;
}

test('who was cut off for long may be silent for longer after it: its disk is asked for with doubled waits', () => {
  const { settleMs, diagnoseMs } = DEFAULT_POLICY;
  const [short, long] = [actedOnAfterMs(30 * SECOND_MS), actedOnAfterMs(20 * MINUTE_MS)];
  expect(short).toBeGreaterThan(settleMs + diagnoseMs);
  expect(long).toBeGreaterThan(settleMs + diagnoseMs + 2 * MINUTE_MS);
  expect(long).toBeLessThan(settleMs + diagnoseMs + 4 * MINUTE_MS);
  expect(long).toBeGreaterThan(short);
});

test('a policy in shadow says what it would do and does nothing', () => {
  const told = passes({ nodes: { 3: HUNG }, policy: { ...DEFAULT_POLICY, mode: 'shadow' } }, 5 * MINUTE_MS);
  expect(told.starts).toEqual([]);
  expect(told.records.map(({ decision }) => decision)).toContain('would-act');
});

test('a queued action is taken back when its node returns, and when somebody pauses', () => {
  const begun = passes({ nodes: { 3: HUNG } }, 2 * MINUTE_MS);
  const [action] = begun.starts;
  if (action === undefined || begun.last === undefined) throw new Error('nothing was started');
  const nowMs = HOUR_MS + 3 * MINUTE_MS;
  const queued: ActionSight = { ...action, state: 'queued', atMs: action.plannedAtMs, changed: false };
  const later = (scene: Scene): readonly string[] =>
    plan(
      { ...quietFleet(nowMs, scene), actions: [queued], memory: begun.last?.memory ?? emptyMemory() },
      { map: MAP, holds: scene.holds ?? [], lifecycles: new Map(), repaired: new Set() },
      DEFAULT_POLICY,
      nowMs,
    ).cancels;
  expect(later({})).toEqual([action.id]);
  expect(later({ nodes: { 3: HUNG }, holds: [{ ...HOLD, kind: 'pause', scope: 'fleet' }] })).toEqual([action.id]);
  expect(later({ nodes: { 3: HUNG } })).toEqual([]);
});

test.for<[string, Partial<ActionSight>, string | undefined]>([
  ['a repair that found nothing to do leaves what was seen before it true', { changed: false }, 'R4'],
  ['one that repaired something is waited for', { changed: true }, undefined],
  ['what failed may have done half of it: newer facts are waited for', { state: 'failed', changed: false }, undefined],
])('%s', ([, end, rung]) => {
  const nodes = { 3: HUNG };
  const begun = passes({ nodes }, 2 * MINUTE_MS);
  const [action] = begun.starts;
  if (action?.rung !== 'R3' || begun.last === undefined) throw new Error('no boot path was repaired');
  const nowMs = HOUR_MS + 3 * MINUTE_MS;
  const ended: ActionSight = { ...action, state: 'succeeded', atMs: nowMs, changed: false, ...end };
  const observed: Observed = { ...quietFleet(nowMs, { nodes }), actions: [ended], memory: begun.last.memory };
  const desired = { map: MAP, holds: [], lifecycles: new Map(), repaired: new Set<number>() };
  expect(plan(observed, desired, DEFAULT_POLICY, nowMs).starts.map((one) => one.rung)).toEqual(rung ? [rung] : []);
});

test.for([
  [8, 3],
  [14, 3],
  [15, 4],
  [100, 21],
])('of %i nodes, %i unhealthy are a storm', ([watched, unhealthy]) => {
  expect(stormLimit(DEFAULT_POLICY.storm, watched ?? 0)).toBe(unhealthy);
});

test('half of a node’s past is forgotten every half-life', () => {
  const history = { score: 4, atMs: 0, disruptedAtMs: [] };
  expect([scoreAt(history, 0, 100), scoreAt(history, 100, 100), scoreAt(undefined, 0, 100)]).toEqual([4, 2, 0]);
});

const sight = fc.record({
  agent: fc.constantFrom('fresh', 'late', 'silent', 'gone', 'unobserved'),
  symptom: fc.constantFrom(undefined, 'card-dying', 'undervoltage', 'unit-failed'),
  boot: fc.constantFrom('none', 'power-on', 'no-dhcp', 'serial-dir-miss', 'no-agent-hello'),
  nfs: fc.constantFrom('active', 'idle', 'stalled'),
  link: fc.constantFrom('up', 'down', 'flapping'),
  power: fc.constantFrom('off', 'zero', 'low', 'normal'),
} as const);

test('property: whatever is seen, nobody well is touched, nobody twice, limits hold, and every hold has its guard', () => {
  fc.assert(
    fc.property(fc.array(sight, { minLength: 24, maxLength: 24 }), (sights) => {
      const nodes = Object.fromEntries(sights.map((one, index) => [index, one]));
      const told = passes({ nodes }, 5 * MINUTE_MS);
      const acted = told.starts.map(({ node }) => node);
      expect(new Set(acted).size).toBe(acted.length);
      for (const { node, rung } of told.starts) {
        const seen = sights[node];
        if (rung !== 'admit') expect(seen?.agent === 'silent' || seen?.symptom !== undefined).toBe(true);
        expect(['late', 'gone', 'unobserved'].includes(seen?.agent ?? '') && rung !== 'admit').toBe(false);
        if (rung === 'R4') expect(seen?.nfs).not.toBe('active');
      }
      const perSite = new Map<number, number>();
      for (const { node, rung } of told.starts) {
        if (rung === 'admit' || !LADDER[rung].isDisruptive) continue;
        const site = MAP.nodes[node]?.site ?? -1;
        perSite.set(site, (perSite.get(site) ?? 0) + 1);
      }
      expect(Math.max(0, ...perSite.values())).toBeLessThanOrEqual(1);
      for (const record of told.records) {
        if (record.decision === 'hold') expect(record.objection?.guard).toMatch(/^G[1-9]$/);
        expect(renderExplain(record)).not.toBe('');
      }
    }),
    { numRuns: 60 },
  );
});

test('property: the same night gives the same records, byte for byte, and does not touch what it was given', () => {
  fc.assert(
    fc.property(fc.array(sight, { minLength: 24, maxLength: 24 }), (sights) => {
      const nodes = Object.fromEntries(sights.map((one, index) => [index, one]));
      expect(JSON.stringify(passes({ nodes }, 2 * MINUTE_MS).records)).toBe(
        JSON.stringify(passes({ nodes }, 2 * MINUTE_MS).records),
      );
    }),
    { numRuns: 20 },
  );
});
