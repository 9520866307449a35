import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const MINUTE_MS = 60_000;

/** A machine that is busy with something else is waited for; what comes at once costs nothing of it. */
const PATIENT = { poll: { timeout: 20_000 } };

/** Its boards are the product's from the start: on a rack of its own, beside the one of the others. */
const PROVISIONS = 'test/lab/provisions.test.ts';

/** What goes wrong in every way that there is: many minutes, on a rack of their own. */
const LONG_RACK_SUITES = ['faults', 'outages', 'overlay', 'reimage', 'switch-changes', 'switch-files'].map(
  (name) => `test/lab/${name}.test.ts`,
);

/** Simulated days of many agents. At the end of a long-lived process they take five times as long as in one of their own. */
const WORLDS = [
  'test/{sim,known-bugs}/**/*.test.ts',
  'agent/pi/idle-day.test.ts',
  'agent/kit/run-agent-{chaos,endurance}.test.ts',
  'controller/usecases/core{,.property}.test.ts',
];

/**
 * unit: beside the code, no processes, no network beyond loopback; worlds: the same, each in a process of its own. system: real processes built into dist/.
 * lab: one boot of the virtual rack for all its suites; lab-provisions: of another. lab-long: every fault on another, run by `npm run rack:long`.
 * chaos: the long forms, run by `npm run chaos`.
 */
export default defineConfig({
  test: {
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            '{proto,agent,fileserver-agent,switch-agent,controller}/**/*.test.ts',
            'test/{arch,contract,setup,lab/capture}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**', ...WORLDS],
          // No module here has state of its own, so files can share a process: loading everything anew for each costs four times the CPU.
          isolate: false,
          // Property tests and whole-tree checks on a small machine under load.
          testTimeout: 4 * MINUTE_MS,
          hookTimeout: 4 * MINUTE_MS,
          expect: PATIENT,
        },
      },
      {
        test: {
          name: 'worlds',
          include: WORLDS,
          testTimeout: 4 * MINUTE_MS,
          hookTimeout: 4 * MINUTE_MS,
        },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          globalSetup: ['test/setup/system.ts'],
          testTimeout: 2 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          expect: PATIENT,
        },
      },
      {
        test: {
          name: 'lab',
          include: ['test/lab/*.test.ts'],
          exclude: [PROVISIONS, ...LONG_RACK_SUITES],
          globalSetup: ['test/setup/system.ts', 'test/setup/lab.ts'],
          setupFiles: ['test/setup/lab-failed.ts'],
          testTimeout: 10 * MINUTE_MS,
          hookTimeout: 10 * MINUTE_MS,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'lab-provisions',
          include: [PROVISIONS],
          globalSetup: ['test/setup/system.ts', 'test/setup/lab.ts'],
          setupFiles: ['test/setup/lab-failed.ts'],
          testTimeout: 10 * MINUTE_MS,
          hookTimeout: 10 * MINUTE_MS,
        },
      },
      {
        test: {
          name: 'lab-long',
          include: LONG_RACK_SUITES,
          globalSetup: ['test/setup/system.ts', 'test/setup/lab.ts'],
          setupFiles: ['test/setup/lab-failed.ts'],
          testTimeout: 10 * MINUTE_MS,
          hookTimeout: 10 * MINUTE_MS,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          globalSetup: ['test/setup/system.ts'],
          testTimeout: 60 * MINUTE_MS,
          hookTimeout: 2 * MINUTE_MS,
          fileParallelism: false,
        },
      },
    ],
  },
});
