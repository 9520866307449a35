import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../../proto/contract/random.js';
import { advanceMachine, bootedMachine, type Influence, type MachineState, NO_INFLUENCE } from './machine.js';
import { makePiSpec } from './pi-spec.js';

const NOON_MS = Date.UTC(2026, 10, 20, 13);
const MIDNIGHT_MS = Date.UTC(2026, 10, 20, 2);

/** A machine after so many steps of 5 s. */
function after(index: number, steps: number, influence: Partial<Influence> = {}, startMs = NOON_MS): MachineState {
  const spec = makePiSpec(1, index);
  const random = seededRandom(index);
  let state = bootedMachine(spec, startMs, 3_600_000);
  for (let step = 1; step <= steps; step++) {
    const at = { nowMs: startMs + step * 5_000, random };
    state = advanceMachine(spec, state, { ...NO_INFLUENCE, ...influence }, at);
  }
  return state;
}

const COUNTERS = ['busyTicks', 'idleTicks', 'receivedBytes', 'transmittedBytes', 'writes', 'nfsOperations'] as const;

test('property: whatever happens, counters only go up and shares stay shares', () => {
  const influence = fc.record({
    work: fc.double({ min: 0, max: 1, noNaN: true }),
    celsius: fc.double({ min: 0, max: 40, noNaN: true }),
    memoryRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    diskRatio: fc.double({ min: 0, max: 1, noNaN: true }),
    slowCard: fc.boolean(),
    nfsSilent: fc.boolean(),
  });
  const steps = fc.array(fc.tuple(influence, fc.integer({ min: 0, max: 600_000 })), { maxLength: 20 });
  fc.assert(
    fc.property(fc.nat(30), steps, (index, moves) => {
      const spec = makePiSpec(1, index);
      const random = seededRandom(index);
      let state = bootedMachine(spec, NOON_MS, 60_000);
      for (const [change, stepMs] of moves) {
        const at = { nowMs: state.atMs + stepMs, random };
        const next = advanceMachine(spec, state, { ...NO_INFLUENCE, ...change }, at);
        for (const counter of COUNTERS) expect(next[counter]).toBeGreaterThanOrEqual(state[counter]);
        for (const share of [next.work, next.memoryRatio, next.diskRatio]) {
          expect(share).toBeGreaterThanOrEqual(0);
          expect(share).toBeLessThanOrEqual(1);
        }
        state = next;
      }
    }),
  );
});

test('the temperature of every board is that of a healthy Pi while nothing is wrong', () => {
  for (let index = 0; index < 24; index++) {
    expect(after(index, 720).celsius).toBeGreaterThan(35);
    expect(after(index, 720).celsius).toBeLessThan(75);
  }
});

test('a Pi whose fan stands still gets too hot and is slowed down, and remembers it', () => {
  const hot = after(0, 60, { work: 0.5, celsius: 26 });
  expect(hot.celsius).toBeGreaterThan(80);
  expect(hot.throttled & 4).toBe(4);
  expect(after(0, 60).throttledSeen).toBe(0);
});

test('there is more to do by day than by night', () => {
  const mean = (startMs: number): number =>
    Array.from({ length: 24 }, (_, index) => after(index, 100, {}, startMs).work).reduce((sum, work) => sum + work) /
    24;
  expect(mean(NOON_MS)).toBeGreaterThan(1.5 * mean(MIDNIGHT_MS));
});

test('a machine that has been up for long has counted for long', () => {
  const spec = makePiSpec(1, 0);
  const hour = bootedMachine(spec, NOON_MS, 3_600_000);
  const ticks = hour.busyTicks + hour.idleTicks + hour.iowaitTicks;
  expect(Math.round(ticks)).toBe(3_600 * 100 * spec.board.cores);
  expect(bootedMachine(spec, NOON_MS, 0).receivedBytes).toBe(0);
});
