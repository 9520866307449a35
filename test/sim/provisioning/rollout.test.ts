import { expect, test } from 'vitest';
import { DEFAULT_TERMS, type RolloutTerms } from '../../../controller/domain/rollout/rollout.js';
import type { NodeEntry } from '../../../controller/usecases/node-table.js';
import { leaks } from './leaks.js';
import { kim, SimRack } from './rack.js';

const TERMS: RolloutTerms = { ...DEFAULT_TERMS, waves: [1], soakMs: 60_000 };

function chosen(rack: SimRack): readonly NodeEntry[] {
  return [...rack.core.nodes.all()].filter(({ node }) => node.name === 'pi-1' || node.name === 'pi-2');
}

async function ended(rack: SimRack, id: string) {
  for (let minutes = 0; minutes < 240; minutes++) {
    await rack.pass(60_000);
    const rollout = await rack.core.rollouts.get(id);
    if (rollout !== undefined && ['failed', 'succeeded', 'aborted'].includes(rollout.state)) return rollout;
  }
  throw new Error('it does not come to its end');
}

async function started(rack: SimRack, image: string, terms = TERMS) {
  const what = { kind: 'image', image } as const;
  return await rack.core.rollouts.start({ name: 'r-1', what, terms, reason: 'news' }, chosen(rack), kim);
}

test('a good image reaches everybody, the canary first', async () => {
  const rack = await SimRack.start();
  const { id } = await started(rack, 'good-5');
  const rollout = await ended(rack, id);
  expect(rollout).toMatchObject({ state: 'succeeded', wave: 1 });
  const images = [...rack.machines.roots.values()].map(({ current, images: all }) => all.get(current));
  expect(images).toEqual(['good-5', 'good-5']);
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('a bad image stops at the canary, which is back on its root; nobody else was touched', async () => {
  const rack = await SimRack.start();
  const boot = rack.machines.up.get('swp2')?.boot;
  const { id } = await started(rack, 'bad-5');
  const rollout = await ended(rack, id);
  expect(rollout).toMatchObject({ state: 'failed', wave: 0 });
  await rack.pass(60_000);
  expect(rollout.nodes.map(({ state }) => state)).toEqual(['taken-back', 'waiting']);
  expect(rack.machines.up.get('swp2')?.boot).toBe(boot);
  expect(await leaks(rack, ['pi-1', 'pi-2'])).toEqual([]);
});

test('a controller that is killed on the way goes on where it was, and nobody gets it twice', async () => {
  const rack = await SimRack.start();
  const { id } = await started(rack, 'good-5');
  for (let kill = 0; kill < 8; kill++) {
    await rack.pass(45_000);
    rack.life.callsLeft = 40 * kill;
  }
  rack.life.callsLeft = Number.POSITIVE_INFINITY;
  expect(await ended(rack, id)).toMatchObject({ state: 'succeeded' });
  const orders = await rack.orders();
  expect(orders.filter((order) => order === 'root-prepare')).toHaveLength(2);
});

test('a paused rollout touches nobody else', async () => {
  const rack = await SimRack.start();
  const { id } = await started(rack, 'good-5');
  await rack.pass(5_000);
  await rack.core.rollouts.become(id, 'paused', 'lunch', kim);
  await rack.pass(1_800_000);
  const rollout = await rack.core.rollouts.get(id);
  expect(rollout?.nodes.map(({ state }) => state)).toEqual(['succeeded', 'waiting']);
  await rack.core.rollouts.become(id, 'running', 'back', kim);
  expect(await ended(rack, id)).toMatchObject({ state: 'succeeded' });
});
