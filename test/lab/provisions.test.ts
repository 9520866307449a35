/** What boards boot is changed by the controller itself: sagas, rollouts and healing, on real roots and a real boot path. */

import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { ProvisioningView } from '../../proto/contract/api/provisioning.js';
import type { RolloutView } from '../../proto/contract/api/rollout.js';
import {
  bramble,
  DIAGNOSE_S_MIN,
  decisionsSince,
  healingOf,
  incidentSince,
  ordersSince,
  teach,
  teachTopology,
  topologyOf,
  watchOnly,
} from './healing.js';
import { ProductBoards, serialOf } from './product-boards.js';
import { Rack } from './rack.js';
import type { PiSpec } from './spec.js';
import { switchPlanOf } from './switch-plan.js';
import { nodeNamed, settled, twoPis, until } from './testing.js';

const found = inject('rack');
const why = 'missing' in found ? ` (skipped: ${found.missing})` : '';

// Emulated machines on a busy host: generous, because these are about what happens and not about how fast.
const SAGA_LIMIT_MS = 900_000;

describe.skipIf(why !== '')(`boards whose roots are changed by the controller${why}`, () => {
  let rack: Rack;
  let boards: ProductBoards;

  beforeAll(async () => {
    if ('missing' in found) return;
    rack = Rack.open(found.id);
    boards = await ProductBoards.serve(rack);
    await teach(rack, DIAGNOSE_S_MIN);
  }, 1_800_000);

  afterAll(() => watchOnly(rack));

  beforeEach(() => boards.areBack(rack.spec.pis));

  const newest = async ({ name }: PiSpec): Promise<ProvisioningView | undefined> =>
    (await rack.controller.api.healing.provisioning.of(name, 1))[0];

  async function ended(pi: PiSpec): Promise<ProvisioningView> {
    const isOver = (saga: ProvisioningView | undefined): boolean => saga !== undefined && saga.state !== 'running';
    const saga = await until(`what is done to ${pi.name} has ended`, SAGA_LIMIT_MS, () => newest(pi), isOver);
    return saga ?? expect.unreachable('it was there a moment ago');
  }

  const steps = (saga: ProvisioningView): readonly string[] => saga.steps.map(({ name, state }) => `${name} ${state}`);

  /** What tells a board, its root and its node apart from others. */
  async function identity(pi: PiSpec) {
    const [node, bootId, key] = [await boards.nodeOf(pi), await boards.bootIdOf(pi), await boards.hostKeyOf(pi)];
    return { node: node?.id, bootId, key, generation: (await boards.rootOf(pi))?.generation };
  }

  const REIMAGED = [
    ...['prepare-root done', 'drain done', 'power-off done', 'activate-root done', 'power-on done', 'follow done'],
    ...['verify done', 'restore done'],
  ];

  test('a node is reimaged step by step, and is back with a new host key as the node that it was', async () => {
    const [other, pi] = twoPis(rack);
    const [before, othersBefore] = [await identity(pi), await identity(other)];
    await bramble(rack, 'node', 'reimage', pi.name, '--image', boards.images.good, '--confirm', pi.name);
    const saga = await ended(pi);
    expect([saga.state, saga.why, ...steps(saga)]).toEqual(['succeeded', '', ...REIMAGED]);
    await boards.areBack([pi]);
    const after = await identity(pi);
    expect(after.node).toBe(before.node);
    expect(after.bootId).not.toBe(before.bootId);
    expect(after.key).not.toBe(before.key);
    expect(await identity(other)).toEqual(othersBefore);
    expect(await bramble(rack, 'node', 'steps', pi.name)).toContain('serve the new root');
  });

  test('a bad image stops at its canary, which gets the root back that it had; the other is never touched', async () => {
    const [canary, other] = twoPis(rack);
    const [before, othersBefore] = [await identity(canary), await identity(other)];
    const sinceMs = Date.now();
    const how = ['--canaries', '1', '--waves', '100', '--soak', '1m', '--confirm', 'bad-news'];
    await bramble(rack, 'rollout', 'start', 'bad-news', '--image', boards.images.broken, ...how);
    const look = async (): Promise<RolloutView | undefined> =>
      (await rack.controller.api.healing.rollouts.list()).find(({ name }) => name === 'bad-news');
    const isOver = (seen: RolloutView | undefined): boolean => seen?.state === 'failed';
    const rollout = await until('it has stopped, and gone back', SAGA_LIMIT_MS, look, isOver);
    expect(rollout?.nodes).toMatchObject([
      { name: canary.name, state: 'taken-back' },
      { name: other.name, state: 'waiting' },
    ]);
    expect(rollout?.why).toMatch(/1 of 1 node of wave 1 failed: pi1, follow its boot: it began to boot \d times/);
    await boards.areBack([canary]);
    // The fileserver tells of its roots now and then.
    const told = async () => (await boards.rootOf(canary))?.generation;
    await until('the root that it had is told of', SAGA_LIMIT_MS, told, (seen) => seen === before.generation);
    const after = await identity(canary);
    expect({ ...after, bootId: '' }).toEqual({ ...before, bootId: '' });
    expect(after.bootId).not.toBe(before.bootId);
    expect(await identity(other)).toEqual(othersBefore);
    const orders = await ordersSince(rack, sinceMs);
    expect(orders.filter((order) => order.includes(`swp${other.port}`))).toEqual([]);
    expect(await bramble(rack, 'rollout', 'status', 'bad-news')).toContain('taken-back');
  });

  /** It has been reimaged before. */
  async function hasRootBefore(pi: PiSpec): Promise<void> {
    if ((await boards.rootOf(pi))?.previous !== 0) return;
    await bramble(rack, 'node', 'reimage', pi.name, '--confirm', pi.name);
    expect(await ended(pi)).toMatchObject({ state: 'succeeded' });
  }

  /** The system that a board runs is damaged from within, and its power fails: it starts over and over again. */
  async function breakRoot(pi: PiSpec): Promise<void> {
    await rack.run(pi.name, 'rm /pi-init && sync');
    await rack.powerOff(pi.name);
    await rack.powerOn(pi.name);
  }

  const rungsSince = async ({ name }: PiSpec, sinceMs: number): Promise<readonly string[]> =>
    (await decisionsSince(rack, name, sinceMs))
      .filter(({ decision }) => decision === 'act')
      .map(({ rung }) => rung ?? '');

  async function healed(pi: PiSpec, sinceMs: number) {
    const look = () => incidentSince(rack, `node:${pi.name}`, sinceMs);
    const incident = await until('its incident is closed', SAGA_LIMIT_MS, look, (seen) => seen?.state === 'closed');
    await boards.areBack([pi]);
    const state = async () => (await healingOf(rack, pi.name)).state;
    await until('it is watched for a while', SAGA_LIMIT_MS, state, (seen) => seen === 'probation');
    return incident;
  }

  test('a Pi whose root is broken gets the root before it, and is well', async () => {
    const [other, pi] = twoPis(rack);
    await hasRootBefore(pi);
    const [before, othersBefore] = [await identity(pi), await identity(other)];
    const sinceMs = Date.now();
    await breakRoot(pi);
    const incident = await healed(pi, sinceMs);
    expect(incident).toMatchObject({ row: 'root-broken', verdict: 'its root does not come up' });
    expect(await rungsSince(pi, sinceMs)).toEqual(['R6']);
    expect(await ended(pi)).toMatchObject({ kind: 'rollback', state: 'succeeded', actor: 'healing' });
    const after = await identity(pi);
    expect(after.node).toBe(before.node);
    expect(after.generation).toBeLessThan(before.generation ?? 0);
    expect(await identity(other)).toEqual(othersBefore);
    expect(await bramble(rack, 'why', pi.name)).toContain('its root does not come up');
  });

  test('one whose root before is broken as well is reimaged where a policy allows it, and is well', async () => {
    const [other, pi] = twoPis(rack);
    await teach(rack, DIAGNOSE_S_MIN, { reimages: true });
    const [before, othersBefore] = [await identity(pi), await identity(other)];
    const sinceMs = Date.now();
    await breakRoot(pi);
    const isReimaged = (saga?: ProvisioningView): boolean => saga?.kind === 'reimage' && saga.state !== 'running';
    const saga = await until('it was reimaged', SAGA_LIMIT_MS, () => newest(pi), isReimaged);
    expect(saga).toMatchObject({ state: 'succeeded', actor: 'healing' });
    await boards.areBack([pi]);
    expect((await rungsSince(pi, sinceMs)).at(-1)).toBe('R7');
    expect(await incidentSince(rack, `node:${pi.name}`, sinceMs)).toMatchObject({
      verdict: 'its root does not come up',
    });
    const after = await identity(pi);
    expect(after.node).toBe(before.node);
    expect(after.key).not.toBe(before.key);
    expect(after.generation).toBeGreaterThan(before.generation ?? 0);
    expect(await identity(other)).toEqual(othersBefore);
  });

  // A controller that has just started listens for minutes before it heals: what it heals comes before this.
  test('a controller that is killed while a board is dark goes on with its reimage, and the board ends with power', async () => {
    const [pi, other] = twoPis(rack);
    const [before, othersBefore] = [await identity(pi), await identity(other)];
    const sinceMs = Date.now();
    await bramble(rack, 'node', 'reimage', pi.name, '--image', boards.images.good, '--confirm', pi.name);
    const isOff = (saga?: ProvisioningView): boolean => saga !== undefined && steps(saga).includes('power-off done');
    const dark = await until('its power is off', SAGA_LIMIT_MS, () => newest(pi), isOff);
    expect(rack.isOn(pi.name)).toBe(false);
    await rack.controller.kill();
    expect(rack.isOn(pi.name)).toBe(false);
    await rack.controller.start(false);
    const saga = await ended(pi);
    expect(saga.id).toBe(dark?.id);
    expect([saga.state, ...steps(saga)]).toEqual(['succeeded', ...REIMAGED]);
    await boards.areBack(rack.spec.pis);
    const after = await identity(pi);
    expect(after.node).toBe(before.node);
    expect(after.key).not.toBe(before.key);
    expect(after.generation).toBeGreaterThan(before.generation ?? 0);
    expect((await ordersSince(rack, sinceMs)).map((order) => order.split(' for ')[0])).toEqual([
      'fileserver root-prepare succeeded',
      `switch off swp${pi.port} succeeded`,
      'fileserver root-activate succeeded',
      `switch on swp${pi.port} succeeded`,
    ]);
    expect(await identity(other)).toEqual(othersBefore);
  });

  test('a node moves to a spare board with its root, its addresses and its id', async () => {
    const [pi, socket] = twoPis(rack);
    const before = await identity(pi);
    // Another board of its kind is plugged in where the second one was, and finds nothing to boot.
    const spare = { serial: '10000000aa000009', mac: 'dc:a6:32:00:00:09', model: pi.model, compatible: pi.compatible };
    await rack.plugIn(socket.name, spare);
    await boards.setPorts([pi]);
    const ofKind = (serial: string) => ({ serial, model: '4b' });
    const { nodes, ...places } = topologyOf(rack.spec);
    const placed = (name: string) => nodes.find((node) => node.name === name) ?? expect.unreachable(name);
    const { name: _name, shelf: _shelf, ...place } = placed(socket.name);
    await teachTopology(rack, {
      ...places,
      nodes: [{ ...placed(pi.name), board: ofKind(pi.serial) }],
      spares: [{ ...place, board: ofKind(spare.serial) }],
    });
    await keepPorts();
    await rack.powerOn(socket.name);
    await rack.says(socket.name, 'no answer to DHCP');
    try {
      await bramble(rack, 'node', 'relocate', pi.name, '--confirm', pi.name);
      const saga = await ended(pi);
      expect([saga.state, saga.spare, saga.why]).toEqual(['succeeded', serialOf(spare), '']);
      expect(rack.isOn(pi.name)).toBe(false);
      expect(await rack.run(socket.name, 'cat /etc/hostname')).toBe(`${pi.name}\n`);
      const node = await rack.controller.api.node(before.node ?? '');
      expect([node.name, node.liveness, node.serial]).toEqual([pi.name, 'fresh', spare.serial]);
      expect(await rack.run(socket.name, 'ip -4 -o addr show dev eth0')).toContain(`${pi.address}/30`);
    } finally {
      await ended(pi); // what goes back has the ports of the switch open
      await asItWas();
    }
    expect({ ...(await identity(pi)), bootId: '' }).toEqual({ ...before, bootId: '' });
  });

  /** The ports of the switch as they are, by a plan that its controller knows of. */
  async function keepPorts(): Promise<void> {
    const { id } = await nodeNamed(rack, 'switch');
    const plan = switchPlanOf(rack.spec, '192.168.60.3/24');
    const applied = await settled(rack, id, { kind: 'switch-apply', plan, confirmWithinMs: 120_000 });
    const kept = await settled(rack, id, { kind: 'switch-confirm', changeId: applied.id });
    expect([applied.state, kept.state]).toEqual(['succeeded', 'succeeded']);
  }

  /** Every board on its own port, with its own root. */
  async function asItWas(): Promise<void> {
    for (const pi of rack.spec.pis) await rack.plugIn(pi.name, pi);
    await keepPorts();
    await boards.setPorts(rack.spec.pis);
    await teachTopology(rack, topologyOf(rack.spec));
    for (const { name } of rack.spec.pis) await rack.powerOn(name);
    await boards.areBack(rack.spec.pis);
  }
});
