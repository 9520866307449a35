import { expect, test } from 'vitest';
import { BrambleError } from '../../proto/contract/errors.js';
import { Counters } from './counters.js';
import { Journal } from './journal.js';
import { FakeWorld } from './testing/fake-world.js';
import { FaultyStore } from './testing/faulty-store.js';
import { makeStore } from './testing/fleet.js';

async function start() {
  const world = new FakeWorld();
  const store = new FaultyStore(await makeStore(new FakeWorld()));
  const counters = new Counters();
  const committed: number[] = [];
  const journal = new Journal({ store, world, counters, onCommitted: () => committed.push(world.clock.monotonicMs()) });
  return { world, store, counters, journal, committed };
}

test('what is written in one turn is one transaction', async () => {
  const { world, store, journal, committed } = await start();
  for (let i = 0; i < 100; i++) journal.write((writer) => writer.putSetting(`s${i}`, 'x'));
  await world.settle();
  expect(committed).toHaveLength(1);
  expect(await store.reader.setting('s99')).toBe('x');
});

test('a piece that can never be written is left out, and the others are written', async () => {
  const { world, store, journal, counters } = await start();
  journal.write((writer) => writer.putSetting('a', 'x'));
  journal.write(() => Promise.reject(new BrambleError('invalid-argument', 'too long')));
  journal.write((writer) => writer.putSetting('b', 'x'));
  await world.settle();
  expect([await store.reader.setting('a'), await store.reader.setting('b')]).toEqual(['x', 'x']);
  expect(counters.snapshot()['journal_dropped_total']).toBe(1);
});

test('while the store is in trouble it is tried ever more seldom, at last every half a minute', async () => {
  const { world, store, journal, counters } = await start();
  store.failWith = 'unavailable';
  journal.write((writer) => writer.putSetting('a', 'x'));
  await world.advance(600_000);
  expect(counters.snapshot()['journal_failures_total']).toBe(24);
  store.failWith = undefined;
  await world.advance(30_000);
  expect(await store.reader.setting('a')).toBe('x');
});

test('what waits is bounded, and what is dropped is counted', async () => {
  const { world, store, journal, counters } = await start();
  store.failWith = 'unavailable';
  for (let i = 0; i < 20_005; i++) journal.write((writer) => writer.putSetting('a', String(i)));
  await world.settle();
  expect(journal.waitingCount).toBe(20_000);
  expect(counters.snapshot()['journal_dropped_total']).toBe(5);
});

test('after a stop nothing is tried again', async () => {
  const { world, store, journal } = await start();
  store.failWith = 'unavailable';
  journal.write((writer) => writer.putSetting('a', 'x'));
  await journal.stop();
  expect(world.timersCount).toBe(0);
});
