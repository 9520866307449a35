import fc from 'fast-check';
import { expect, test } from 'vitest';
import { budgetOf, classMilliwatts, POWER_PRIORITIES, shedOrder } from './power.js';

const at = (port: string, allocatedMilliwatts = 15_400, priority: number | undefined = POWER_PRIORITIES.low) => ({
  ...{ port, allocatedMilliwatts, priority },
});

test('of equal ports the highest-numbered is without power first, and as many as it takes', () => {
  const ports = ['swp2', 'swp10', 'swp1', 'swp9'].map((port) => at(port));
  expect(shedOrder(ports, 4 * 15_400)).toEqual([]);
  expect(shedOrder(ports, 4 * 15_400 - 1)).toEqual(['swp10']);
  expect(shedOrder(ports, 15_400)).toEqual(['swp10', 'swp9', 'swp2']);
});

test('a port of higher priority keeps its power longer than any of a lower one', () => {
  const ports = [at('swp1'), at('swp48', 15_400, POWER_PRIORITIES.critical), at('swp2', 15_400, undefined)];
  expect(shedOrder(ports, 15_400)).toEqual(['swp2', 'swp1']);
});

test('what is left after shedding is within the budget, and nobody is shed without need', () => {
  const port = fc.record({
    port: fc.integer({ min: 1, max: 48 }).map((number) => `swp${number}`),
    priority: fc.constantFrom(undefined, 1, 2, 3),
    allocatedMilliwatts: fc.integer({ min: 0, max: 90_000 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(port, { selector: (each) => each.port }), fc.nat(600_000), (ports, budget) => {
      const shed = shedOrder(ports, budget);
      const left = (gone: readonly string[]): number =>
        ports.reduce((sum, each) => (gone.includes(each.port) ? sum : sum + each.allocatedMilliwatts), 0);
      expect(left(shed)).toBeLessThanOrEqual(budget);
      if (shed.length > 0) expect(left(shed.slice(0, -1))).toBeGreaterThan(budget);
    }),
  );
});

test('a supply alone has no other to stand in for it; of two the smaller counts', () => {
  expect(budgetOf([370_000])).toEqual({ all: 370_000, spare: 370_000 });
  expect(budgetOf([370_000, 740_000])).toEqual({ all: 1_110_000, spare: 370_000 });
  expect(budgetOf([])).toEqual({ all: 0, spare: 0 });
});

test('a class that nobody knows is taken for more than a Pi needs', () => {
  expect([classMilliwatts(3), classMilliwatts(0), classMilliwatts(undefined)]).toEqual([15_400, 15_400, 30_000]);
});
