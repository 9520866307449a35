import { expect, test } from 'vitest';
import { killedCycles } from '../testing/killed-cycles.js';

const ROUNDS = 10;

test(`an agent that is killed between off and on, ${ROUNDS} times: no port is left dark, and none is on too early`, async () => {
  const cycles = await killedCycles(ROUNDS, { checkout: process.cwd(), atOnce: ROUNDS });
  expect(cycles.filter(({ darkMs }) => darkMs === undefined)).toEqual([]);
  const darkMs = cycles.map((cycle) => cycle.darkMs ?? 0);
  expect(darkMs).toHaveLength(ROUNDS);
  expect(Math.min(...darkMs)).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...darkMs)).toBeLessThan(60_000);
}, 200_000);
