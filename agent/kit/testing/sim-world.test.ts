import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimWorld } from './sim-world.js';

test('calls come in the order of time, equal times in the order they were asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 100 }), async (delays) => {
      const world = new SimWorld(1);
      const order: { readonly atMs: number; readonly index: number }[] = [];
      for (const [index, delay] of delays.entries()) {
        world.after(delay, () => void order.push({ atMs: world.nowMs, index }));
      }
      await world.run(20);
      const expected = delays
        .map((atMs, index) => ({ atMs, index }))
        .sort((a, b) => a.atMs - b.atMs || a.index - b.index);
      expect(order).toEqual(expected);
    }),
  );
});

test('a cancelled call never comes, also when others around it do', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.record({ delay: fc.nat(9), cancel: fc.boolean() })), async (plans) => {
      const world = new SimWorld(1);
      const came = new Set<number>();
      const timers = plans.map(({ delay }, index) => world.after(delay, () => void came.add(index)));
      for (const [index, { cancel }] of plans.entries()) if (cancel) timers[index]?.cancel();
      await world.runFor(10);
      expect([...came].sort()).toEqual(plans.flatMap(({ cancel }, index) => (cancel ? [] : [index])).sort());
    }),
  );
});

test('every promise job of one call runs before the next call, however long the chain', async () => {
  const world = new SimWorld(1);
  const seen: string[] = [];
  world.after(1, async () => {
    for (let i = 0; i < 50; i++) await Promise.resolve();
    seen.push('end of the chain');
  });
  world.after(1, () => void seen.push('next call'));
  await world.run(1);
  expect(seen).toEqual(['end of the chain', 'next call']);
});

test('time stands still between calls, and ends where it was asked to', async () => {
  const world = new SimWorld(1);
  const times: number[] = [];
  world.after(10, () => {
    times.push(world.nowMs);
    world.after(5, () => void times.push(world.nowMs));
  });
  await world.run(12);
  expect(world.nowMs).toBe(12);
  await world.runFor(100);
  expect(times).toEqual([10, 15]);
});

test.for([
  [
    'thrown',
    () => {
      throw new Error('boom');
    },
  ],
  ['rejected', () => Promise.reject(new Error('boom'))],
  [
    'rejected later',
    async () => {
      await Promise.resolve();
      throw new Error('boom');
    },
  ],
] as const)('an error that a call has %s ends the run', async ([, call]) => {
  const world = new SimWorld(1);
  world.after(1, call);
  await expect(world.run(5)).rejects.toThrow('boom');
});

test('settle plays as far as the promise needs, and notices one that nothing will settle', async () => {
  const world = new SimWorld(1);
  const later = new Promise<string>((resolve) => {
    world.after(5_000, () => {
      resolve('done');
    });
  });
  expect(await world.settle(later)).toBe('done');
  expect(world.nowMs).toBe(5_000);
  await expect(world.settle(new Promise(() => {}))).rejects.toThrow('nothing is left to happen');
  await expect(world.settle(Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('two worlds of one seed agree bit by bit, and of two seeds they do not', async () => {
  const play = async (seed: number): Promise<SimWorld> => {
    const world = new SimWorld(seed);
    const walk = (steps: number): void => {
      world.trace(`step ${steps} ${world.random.unit()}`);
      if (steps > 0)
        world.after(Math.floor(world.random.unit() * 100), () => {
          walk(steps - 1);
        });
    };
    walk(200);
    await world.run(1_000_000);
    return world;
  };
  const [one, again, other] = [await play(1), await play(1), await play(2)];
  expect(again.lines).toEqual(one.lines);
  expect(again.traceHash).toBe(one.traceHash);
  expect(other.traceHash).not.toBe(one.traceHash);
});

test('a part of the world has randomness of its own', () => {
  const draws = (label: string): number[] => {
    const random = new SimWorld(1).randomFor(label);
    return [random.unit(), random.unit()];
  };
  expect(draws('a')).toEqual(draws('a'));
  expect(draws('a')).not.toEqual(draws('b'));
});
