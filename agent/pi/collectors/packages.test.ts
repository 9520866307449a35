import { describe, expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import type { ExecResult } from '../../kit/host/ports.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { exited } from '../../kit/testing/sim-exec.js';
import { MEMORY_NEEDED_BYTES, makePackagesCollector, parseUpgrades, type Upgrades } from './packages.js';

const HOUR_MS = 3_600_000;

test.for(recorded<Upgrades>('apt-upgrades'))('counts the upgrades of $name', ({ input, expected: want }) => {
  expect(parseUpgrades(input)).toEqual(want);
});

test('a cut output is refused or says the same', () => {
  for (const { input } of recorded('apt-upgrades')) {
    expectNoInvention(parseUpgrades, input, (cut, all) => expect(cut).toEqual(all));
    expectRefusalOfGarbage(parseUpgrades, input);
  }
});

/** Runs the collector on a machine whose apt-get gives these answers, one after the other. */
function collectAnswers(answers: readonly ExecResult[], files: Readonly<Record<string, string>> = {}) {
  const asked: (readonly string[])[] = [];
  const under = collectOn(makePackagesCollector(), files, (host) => ({
    ...host,
    exec: {
      run: async (argv) => {
        asked.push(argv);
        return answers[asked.length - 1] ?? exited(1);
      },
    },
  }));
  return { ...under, asked };
}

const output = (name: string): string => recorded('apt-upgrades').find((one) => one.name === name)?.input ?? '';

test('is asked once a day, and not right after the start', async () => {
  const { run, world, asked } = collectAnswers([exited(0, output('debian-12-vm')), exited(0, output('up-to-date'))]);
  expect(await run()).toMatchObject({ kind: 'no-data' });
  expect(asked).toEqual([]);
  await world.runFor(HOUR_MS);
  const found = { packages_upgradable_count: 13, packages_security_count: 7 };
  expect(values(await run())).toEqual(found);
  await world.runFor(23 * HOUR_MS);
  expect(values(await run())).toEqual(found);
  expect(asked).toEqual([['apt-get', '-s', '-o', 'Debug::NoLocking=1', 'dist-upgrade']]);
  await world.runFor(HOUR_MS);
  expect(values(await run())).toEqual({ packages_upgradable_count: 0, packages_security_count: 0 });
});

test('a failure is told for a day, in the words of apt-get, and then it is tried again', async () => {
  const stderr = 'W: some lists are old\nE: Unmet dependencies. Try apt --fix-broken install.\n';
  const { run, world, asked } = collectAnswers([exited(100, '', stderr), exited(0, output('up-to-date'))]);
  await run();
  for (const passedMs of [HOUR_MS, 12 * HOUR_MS]) {
    await world.runFor(passedMs);
    await expect(run()).rejects.toThrow('apt-get failed: E: Unmet dependencies');
  }
  expect(asked).toHaveLength(1);
  await world.runFor(12 * HOUR_MS);
  expect(values(await run())).toMatchObject({ packages_upgradable_count: 0 });
});

test('a system without apt-get has no data', async () => {
  const { run, world } = collectOn(makePackagesCollector(), {});
  await run();
  await world.runFor(HOUR_MS);
  expect(await world.settle(run())).toEqual({ kind: 'no-data', why: 'no apt-get' });
});

describe('memory comes first', () => {
  const GROUP = '/sys/fs/cgroup/system.slice/bramble-agent.service';
  const limited = (maxBytes: number | 'max', currentBytes: number) => ({
    '/proc/self/cgroup': '0::/system.slice/bramble-agent.service\n',
    [`${GROUP}/memory.max`]: `${maxBytes}\n`,
    [`${GROUP}/memory.current`]: `${currentBytes}\n`,
  });
  const free = (bytes: number) => ({
    '/proc/meminfo': `MemTotal: 900000 kB\nMemAvailable: ${bytes / 1024} kB\nDirty: 0 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n`,
  });

  test.for<[string, Readonly<Record<string, string>>, number]>([
    ['enough in its own group', limited(MEMORY_NEEDED_BYTES + 4096, 4096), 1],
    ['a byte too little in its own group', limited(MEMORY_NEEDED_BYTES + 4096, 4097), 0],
    ['no limit on its own group', limited('max', 60_000_000), 1],
    ['enough in the machine', free(MEMORY_NEEDED_BYTES), 1],
    ['too little in the machine', free(MEMORY_NEEDED_BYTES - 1024), 0],
    ['enough in its group, too little in the machine', { ...limited('max', 1), ...free(4096) }, 0],
    ['a limit that is passed already', limited(4096, 8192), 0],
  ])('%s', async ([, files, want]) => {
    const { run, world, asked } = collectAnswers([exited(0, output('up-to-date'))], files);
    await run();
    await world.runFor(HOUR_MS);
    expect((await run()).kind).toBe(want === 1 ? 'ok' : 'no-data');
    expect(asked).toHaveLength(want);
  });
});
