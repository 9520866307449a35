import { afterEach, expect, test } from 'vitest';
import { siteId } from '../../../proto/contract/ids.js';
import type { Store } from '../ports.js';
import { FakeWorld } from '../testing/fake-world.js';
import { makeStore } from '../testing/fleet.js';
import { SiteLine } from './site-line.js';
import { SiteUplinks } from './site-uplinks.js';

const [FAR, NEAR] = [siteId('far'), siteId('near')];
/** Of which half is ours: 16 kB/s each way, 8 kB of it at once. */
const BUDGET = { downBitsPerS: 256_000, upBitsPerS: 256_000, monthlyBytes: undefined };

test('bulk waits for its turn, and what agents say makes it wait longer without waiting itself', () => {
  const line = new SiteLine();
  line.setBudget(BUDGET, 0);
  expect([line.takeBulk('images', 8_000, 0), line.takeBulk('images', 16_000, 0)]).toEqual([0, 1_000]);
  line.carried('down', 24_000, 0); // the images themselves, seen on their connection: paid for already
  expect(line.takeBulk('images', 1_600, 0)).toBe(1_100);
  line.carried('down', 1_600 + 3_200, 0);
  expect(line.takeBulk('images', 1_600, 0)).toBe(1_400);
});

test('the two directions are two lines, and uploads and events share one', () => {
  const line = new SiteLine();
  line.setBudget(BUDGET, 0);
  expect(line.takeBulk('images', 24_000, 0)).toBe(1_000);
  expect(line.takeBulk('uploads', 8_000, 0)).toBe(0);
  expect(line.takeBulk('events', 1_600, 0)).toBe(100);
});

test('where nobody said what the uplink bears nothing waits', () => {
  const line = new SiteLine();
  expect(line.takeBulk('images', 1e12, 0)).toBe(0);
  line.setBudget(BUDGET, 0);
  line.setBudget(undefined, 0);
  expect(line.takeBulk('images', 1e12, 0)).toBe(0);
});

test('rates are those of the last minute', () => {
  const line = new SiteLine();
  line.takeBulk('images', 5_000, 0);
  line.carried('down', 6_000, 0);
  expect(line.rates(5_000)).toMatchObject({ down: 9_600, images: 8_000, up: 0 });
  for (let slot = 0; slot < 11; slot++) line.turn();
  expect(line.rates(5_000)).toMatchObject({ down: 800 });
  line.turn();
  expect(line.rates(5_000)).toMatchObject({ down: 0, images: 0 });
});

const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

async function setUp() {
  const world = new FakeWorld();
  const store = await makeStore(world);
  stores.push(store);
  const site = { label: '', location: '', createdAtMs: 0, revision: 1 };
  await store.transact(async (writer) => {
    await writer.putSite({ id: FAR, ...site, uplink: BUDGET });
    await writer.putSite({ id: NEAR, ...site, uplink: undefined });
  });
  const uplinks = new SiteUplinks({ store, world, isInTunnel: (address) => address.startsWith('fd42:') });
  await uplinks.start();
  return { world, store, uplinks, site };
}

test('what people say of an uplink holds soon, and is forgotten when they take it back', async () => {
  const { world, store, uplinks, site } = await setUp();
  expect([uplinks.budgetOf(FAR)?.upBitsPerS, uplinks.budgetOf(NEAR)]).toEqual([256_000, undefined]);
  await store.transact(async (writer) => {
    await writer.putSite({ id: NEAR, ...site, uplink: { ...BUDGET, upBitsPerS: 64_000 } });
    await writer.putSite({ id: FAR, ...site, uplink: undefined });
  });
  await world.advance(11_000);
  expect([uplinks.budgetOf(FAR), uplinks.budgetOf(NEAR)?.upBitsPerS]).toEqual([undefined, 64_000]);
  await uplinks.stop();
});

test('bytes outside of tunnels are charged to their site and month, and none is charged twice', async () => {
  const { world, store, uplinks } = await setUp();
  uplinks.carried([
    { site: FAR, address: '198.51.100.7', receivedBytes: 1_000, sentBytes: 200 },
    { site: FAR, address: 'fd42:b:1:100::2', receivedBytes: 50_000, sentBytes: 50_000 },
  ]);
  expect(uplinks.use(FAR)).toMatchObject({ monthBytes: 1_200, upBitsPerS: 81_600 });
  await world.advance(71_000);
  uplinks.carried([{ site: FAR, address: '198.51.100.7', receivedBytes: 10, sentBytes: 0 }]);
  expect(uplinks.use(FAR).monthBytes).toBe(1_210);
  await uplinks.stop();
  const month = new Date(world.clock.nowMs()).toISOString().slice(0, 7);
  expect(await store.reader.overlay.uplinkUsage(month)).toEqual([
    { site: FAR, month, receivedBytes: 1_010, sentBytes: 200 },
  ]);
});
