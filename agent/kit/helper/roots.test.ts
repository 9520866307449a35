import { expect, test } from 'vitest';
import type { RootsOrder, RootsView } from '../roots/orders.js';
import { parseRootsView } from '../roots/orders.js';
import { carryOut } from './carry-out.js';
import { parsePolicy } from './policy.js';
import { parseRequest, renderLine } from './protocol.js';

const never = new AbortController().signal;
const serial = 'aa000001';
const VIEW: RootsView = {
  driver: 'btrfs',
  capabilities: { isolation: false, quota: false, shared: true },
  changes: [],
  boards: [],
};

test.for<RootsOrder>([
  { kind: 'look' },
  { kind: 'converge' },
  { kind: 'prepare', serial, image: 'bookworm-3', dataBytes: 10 * 2 ** 30, freshData: false },
  { kind: 'activate', serial, generation: 1 },
  { kind: 'roll-back', serial, generation: 2 },
  { kind: 'remove', serial, keepData: true },
])('order $kind comes through as it was given', (order) => {
  expect(parseRequest(renderLine({ verb: 'roots', order }))).toEqual({ verb: 'roots', order });
});

const prepare = { kind: 'prepare', serial, image: 'x', dataBytes: 2 ** 20, freshData: false };

test.for<[string, unknown]>([
  ['no order', undefined],
  ['an unknown kind', { kind: 'exec' }],
  ['a serial that is a path', { ...prepare, serial: '../../etc' }],
  ['a serial that is an option', { kind: 'remove', serial: '--force0', keepData: true }],
  ['an image that is a path', { ...prepare, image: '../images/x' }],
  ['an image with a shell in it', { ...prepare, image: 'a;reboot' }],
  ['a size beyond all', { ...prepare, dataBytes: 2 ** 60 }],
  ['a generation below all', { kind: 'activate', serial, generation: 0 }],
  ['a path of its own', { ...prepare, pool: '/etc' }],
  ['a text for a flag', { kind: 'remove', serial, keepData: 'no' }],
])('refused: %s', ([, order]) => {
  expect(() => parseRequest(JSON.stringify({ verb: 'roots', order }))).toThrow('helper request refused');
});

const policyOf = (roots: unknown) => parsePolicy(JSON.stringify({ user: 'bramble-fs', roots }), '/policy');

test('root says where roots are kept', () => {
  expect(policyOf({ pool: '/srv/bramble' }).roots).toEqual({
    pool: '/srv/bramble',
    driver: 'auto',
    thinPool: undefined,
    bootSetPath: '/etc/bramble/boot-set.json',
  });
  expect(policyOf({ pool: '/srv/bramble', driver: 'lvm-thin', thinPool: 'vg0/thin' }).roots?.thinPool).toEqual({
    group: 'vg0',
    thinPool: 'thin',
  });
});

test.for<[string, unknown]>([
  ['no object', 'yes'],
  ['no pool', {}],
  ['a pool that is no absolute path', { pool: 'srv' }],
  ['a pool with something special', { pool: '/srv/../etc' }],
  ['an unknown driver', { pool: '/srv', driver: 'zfs' }],
  ['a thin pool that is an option', { pool: '/srv', thinPool: '--yes/x' }],
  ['something unknown', { pool: '/srv', sudo: true }],
])('a policy is refused with %s', ([, roots]) => {
  expect(() => policyOf(roots)).toThrow('cannot be used');
});

test('nothing is done where root keeps no roots', async () => {
  const asked: RootsOrder[] = [];
  const means = {
    services: { state: unasked, restart: unasked, reboot: unasked },
    machine: {
      ...{ remount: unasked, stepClock: unasked, blink: unasked, endBlink: unasked },
      ...{ journal: unasked, storage: unasked, raid: unasked, roots: unasked, own: unasked },
    },
    configActuator: unasked,
    rootsActuator: () =>
      Promise.resolve((order: RootsOrder) => {
        asked.push(order);
        return Promise.resolve(VIEW);
      }),
  };
  const order = { kind: 'remove', serial, keepData: false } as const;
  const request = { verb: 'roots', order } as const;
  const without = parsePolicy('{"user": "bramble-fs"}', '/policy');
  await expect(carryOut(request, without, means, never)).rejects.toMatchObject({ code: 'permission-denied' });
  expect(asked).toEqual([]);
  const { text } = await carryOut(request, policyOf({ pool: '/srv/bramble' }), means, never);
  expect(parseRootsView(text ?? '')).toEqual(VIEW);
  expect(asked).toEqual([order]);
});

function unasked(): Promise<never> {
  return Promise.reject(new Error('not asked for'));
}

test.for(['', 'x', '[]', '{"driver":1}', '{"driver":"copy","capabilities":{},"boards":[{}],"changes":[]}'])(
  'an answer that is no view of roots is told as such: %s',
  (text) => {
    expect(() => parseRootsView(text)).toThrow('something else than roots');
  },
);
