import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Allocation,
  exportPath,
  forecast,
  leakScan,
  lease,
  nodeWants,
  portWants,
  QUARANTINE_MS,
  release,
} from './allocate.js';
import { publicPool, renderAllocation, routedPool, storageBlock, storagePool, vlanPool } from './pool.js';

const DAY_MS = 86_400_000;
const VLANS = vlanPool('vlan', 10, 14, [12]);
const STORAGE = storagePool('storage', '10.46.188.0/23');
const PUBLIC = publicPool('public', '2a00:1098:0:84::/64', 100);
const ROUTED = routedPool('routed', '2a00:1098:100::/56');
const POOLS = [VLANS, STORAGE, PUBLIC, ROUTED];

function taken(book: readonly Allocation[], wants: Parameters<typeof lease>[2], nowMs = 0): readonly Allocation[] {
  const leased = lease(POOLS, book, wants, nowMs);
  if (leased.kind === 'exhausted') throw new Error(`${leased.pool} is exhausted`);
  return [...book, ...leased.allocations];
}

test('a port gets a VLAN that nobody reserved and four addresses of its own, which give the export', () => {
  let book: readonly Allocation[] = [];
  for (const port of [1, 2, 3]) book = taken(book, portWants(`sw-1/${port}`, 'vlan', 'storage'));
  const third = book.filter(({ owner }) => owner === 'port sw-1/3');
  expect(third.map(({ pool, index }) => [pool, index])).toEqual([
    ['vlan', 3],
    ['storage', 2],
  ]);
  expect(renderAllocation(VLANS, 3)).toBe('13');
  expect(storageBlock(STORAGE, 64)).toEqual({
    network: '10.46.189.0',
    fileserver: '10.46.189.1',
    pi: '10.46.189.2',
    broadcast: '10.46.189.3',
    mask: '255.255.255.252',
  });
  expect(exportPath(storageBlock(STORAGE, 64).pi)).toBe('/export/10.46.189.2');
});

test('a /23 holds the 128 blocks that a shelf of 96 needs; a /24 holds 64', () => {
  expect([STORAGE.count, storagePool('small', '10.0.0.0/24').count]).toEqual([128, 64]);
});

test('a node gets an address beside the gateway and a /64 of its own', () => {
  const book = taken([], nodeWants('pi-1', 'public', 'routed'));
  expect(
    book.map(({ pool, index }) => renderAllocation(POOLS.find(({ name }) => name === pool) ?? VLANS, index)),
  ).toEqual(['2a00:1098:0:84::2/64', '2a00:1098:100:1::/64']);
});

test('asking twice takes nothing twice', () => {
  const book = taken([], portWants('sw-1/1', 'vlan', 'storage'));
  expect(taken(book, portWants('sw-1/1', 'vlan', 'storage'))).toEqual(book);
});

test('when one pool is empty nothing of the others is taken', () => {
  let book: readonly Allocation[] = [];
  for (const port of [1, 2, 3, 4]) book = taken(book, portWants(`sw-1/${port}`, 'vlan', 'storage'));
  expect(lease(POOLS, book, portWants('sw-1/5', 'storage', 'vlan'), 0)).toEqual({
    kind: 'exhausted',
    pool: 'vlan',
    usedCount: 4,
    usableCount: 4,
  });
});

test('what was given back rests for a day, to the millisecond', () => {
  const wants = portWants('sw-1/1', 'vlan', 'storage');
  const free = release(taken([], wants), 'port sw-1/1', 1_000);
  const next = (nowMs: number) => {
    const leased = lease(POOLS, free, portWants('sw-1/2', 'vlan', 'storage'), nowMs);
    return leased.kind === 'leased' ? leased.allocations.map(({ index }) => index) : [];
  };
  expect([next(1_000 + QUARANTINE_MS - 1), next(1_000 + QUARANTINE_MS)]).toEqual([
    [1, 1],
    [0, 0],
  ]);
});

test('property: whatever comes and goes, nobody shares, nothing reserved is given, and no leak is left', () => {
  const step = fc.record({ take: fc.boolean(), port: fc.integer({ min: 1, max: 6 }), afterMs: fc.nat(2 * DAY_MS) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let [book, nowMs]: [readonly Allocation[], number] = [[], 0];
      for (const { take, port, afterMs } of steps) {
        nowMs += afterMs;
        const leased = take ? lease(POOLS, book, portWants(`sw/${port}`, 'vlan', 'storage'), nowMs) : undefined;
        book = take
          ? [...book, ...(leased?.kind === 'leased' ? leased.allocations : [])]
          : release(book, `port sw/${port}`, nowMs);
        const owners = new Set(book.filter(({ freedAtMs }) => freedAtMs === undefined).map(({ owner }) => owner));
        expect(leakScan(POOLS, book, owners)).toEqual([]);
        for (const pool of ['vlan', 'storage']) {
          const held = book.filter((one) => one.pool === pool && one.freedAtMs === undefined);
          expect(held.length).toBe(owners.size);
        }
      }
    }),
  );
});

test('a leak is told: somebody gone, twice the same, reserved', () => {
  const one = { pool: 'vlan', index: 2, owner: 'port a', takenAtMs: 0, freedAtMs: undefined };
  expect(leakScan(POOLS, [one, { ...one, owner: 'port b' }], new Set(['port b']))).toEqual([
    'vlan 12 is kept for port a, which is gone',
    'vlan 12 is not for port a to have',
    'vlan 12 is not for port b to have',
    'vlan 12 belongs to port a and to port b',
  ]);
});

test('a forecast says when the last month would fill the pool', () => {
  const book = [0, 1, 2, 3, 4, 5].map((index) => ({
    pool: 'storage',
    index,
    owner: `port ${index}`,
    takenAtMs: index < 3 ? 0 : 50 * DAY_MS,
    freedAtMs: undefined,
  }));
  const told = forecast(STORAGE, book, 60 * DAY_MS);
  expect(told).toMatchObject({ usedCount: 6, usableCount: 128, growthPerDay: 0.1, isNearlyFull: false });
  expect(told.exhaustedInDays).toBeCloseTo(1220);
  const full = forecast(
    VLANS,
    book.slice(0, 4).map((one) => ({ ...one, pool: 'vlan' })),
    60 * DAY_MS,
  );
  expect([full.isNearlyFull, full.exhaustedInDays]).toEqual([true, 0]);
});

test.for([['10.0.0.1/24'], ['10.0.0/24'], ['10.0.0.256/24'], ['10.0.0.0/31']])(
  '%s is not a pool of storage blocks',
  ([prefix]) => {
    expect(() => storagePool('x', prefix ?? '')).toThrow();
  },
);

test.for([['2001:db8::1/56'], ['2001:db8:::/56'], ['2001:db8::/64'], ['1:2:3:4:5:6:7:8:9/56']])(
  '%s is not a pool of /64s',
  ([prefix]) => {
    expect(() => routedPool('x', prefix ?? '')).toThrow();
  },
);
