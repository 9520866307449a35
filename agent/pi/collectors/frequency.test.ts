import { expect, test } from 'vitest';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makeFrequencyCollector, POLICIES_MAX } from './frequency.js';

const policy = (name: string, file: string): string => `/sys/devices/system/cpu/cpufreq/${name}/${file}`;

const PI_4 = {
  [policy('policy0', 'scaling_cur_freq')]: '600000\n',
  [policy('policy0', 'cpuinfo_max_freq')]: '1500000\n',
  [policy('policy0', 'scaling_governor')]: 'ondemand\n',
};

test('a Pi 4 at rest', async () => {
  expect(values(await collectOn(makeFrequencyCollector(), PI_4).run())).toEqual({
    'cpu_frequency_mhz policy0': 600,
    'cpu_frequency_max_mhz policy0': 1500,
    'cpu_governor_text policy0': 'ondemand',
  });
});

test('the frequency is fresh at every poll, a changed governor after a minute', async () => {
  const { run, kernel, world } = collectOn(makeFrequencyCollector(), PI_4);
  await run();
  kernel.set(policy('policy0', 'scaling_cur_freq'), '1499999\n');
  kernel.set(policy('policy0', 'scaling_governor'), 'performance\n');
  expect(values(await run())).toMatchObject({
    'cpu_frequency_mhz policy0': 1500,
    'cpu_governor_text policy0': 'ondemand',
  });
  await world.runFor(60_000);
  expect(values(await run())).toMatchObject({ 'cpu_governor_text policy0': 'performance' });
});

test.for(['<unknown>\n', '0\n', '15000', ''])('%j is no frequency', async (text) => {
  const { run } = collectOn(makeFrequencyCollector(), { ...PI_4, [policy('policy0', 'scaling_cur_freq')]: text });
  expect(values(await run())).not.toHaveProperty('cpu_frequency_mhz policy0');
});

test('a server with many frequency domains reports some of them', async () => {
  const names = Array.from({ length: 64 }, (_, i) => `policy${i}`);
  const files = Object.fromEntries(names.map((name) => [policy(name, 'scaling_cur_freq'), '2000000\n']));
  expect(Object.keys(values(await collectOn(makeFrequencyCollector(), files).run()))).toHaveLength(POLICIES_MAX);
});

test('a virtual machine has no data', async () => {
  expect(await collectOn(makeFrequencyCollector(), {}).run()).toMatchObject({ kind: 'no-data' });
});
