import { expect, test } from 'vitest';
import { sitePis } from '../../agent/demo/pi-spec.js';
import type { RootsOrder } from '../../agent/kit/roots/orders.js';
import { DEMO_IMAGES } from '../../proto/contract/api/demo.js';
import { preparedGeneration } from '../../proto/contract/netboot/prepared.js';
import { SiteRoots } from './site-roots.js';

const PIS = sitePis(20_261, 8);
const [PI] = PIS.filter(({ card }) => card === undefined);
const SERIAL = PI?.serial.slice(-8) ?? '';
const { installed, bad } = DEMO_IMAGES;

function site(text?: string) {
  const remembered: string[] = [];
  const roots = new SiteRoots(text, PIS, (line) => remembered.push(line));
  const board = () => roots.order({ kind: 'look' }).boards.find(({ serial }) => serial === SERIAL);
  const prepare = (image: string): number => {
    const order = { kind: 'prepare', serial: SERIAL, image, dataBytes: 2 ** 30, freshData: false } as const;
    return preparedGeneration(roots.order(order).changes[0] ?? '') ?? 0;
  };
  const activate = (generation: number) => roots.order({ kind: 'activate', serial: SERIAL, generation });
  return { roots, remembered, board, prepare, activate };
}

test('every board without a card has a root of the image that the site was built with', () => {
  const { roots, board } = site();
  expect(roots.order({ kind: 'look' }).boards).toHaveLength(PIS.filter(({ card }) => card === undefined).length);
  expect(board()).toMatchObject({
    current: 1,
    previous: undefined,
    generations: [{ generation: 1, image: installed }],
  });
  expect(roots.panicking).toEqual([]);
});

test('a bad image panics from when it is served until it is served no more, and is gone when nobody tries it', () => {
  const { roots, board, prepare, activate } = site();
  const generation = prepare(bad);
  expect([generation, roots.panicking]).toEqual([2, []]);
  activate(generation);
  expect(roots.panicking).toEqual([PI?.name]);
  roots.tidy();
  expect(board()?.current, 'what is served stays').toBe(2);
  activate(1);
  expect(roots.panicking).toEqual([]);
  roots.tidy();
  expect(board()).toMatchObject({
    current: 1,
    previous: undefined,
    generations: [{ generation: 1, image: installed }],
  });
});

test('it is remembered across starts; what is damaged is as it was installed', () => {
  const first = site();
  first.activate(first.prepare(bad));
  expect(site(first.remembered.at(-1)).roots.panicking).toEqual([PI?.name]);
  for (const text of ['', 'no JSON', '[]', 'null', `{"${SERIAL}":{"current":"2"}}`]) {
    expect(site(text).board()?.current).toBe(1);
  }
});

test.for<[string, RootsOrder, string]>([
  ['an image that is not there', { ...prepareOf(SERIAL), image: 'other' }, 'not-found'],
  ['a board that has no roots', prepareOf('ffffffff'), 'not-found'],
  ['a generation that is not there', { kind: 'activate', serial: SERIAL, generation: 9 }, 'not-found'],
  ['going back from the first', { kind: 'roll-back', serial: SERIAL, generation: 1 }, 'failed-precondition'],
  ['what it cannot do', { kind: 'remove', serial: SERIAL, keepData: true }, 'unsupported'],
])('refuses %s', ([, order, code]) => {
  expect(() => site().roots.order(order)).toThrow(expect.objectContaining({ code }));
});

function prepareOf(serial: string) {
  return { kind: 'prepare', serial, image: bad, dataBytes: 2 ** 30, freshData: false } as const;
}
