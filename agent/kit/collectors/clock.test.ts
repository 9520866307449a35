import { expect, test } from 'vitest';
import { SimKernelFiles } from '../../sim/sim-kernel-files.js';
import { collectOn, quietProbe, values } from '../testing/collect-on.js';
import { CLOCK_RAISED_MARK, makeClockCollector, rtcOffsetS } from './clock.js';

const SYNCHRONIZED = '/run/systemd/timesync/synchronized';

test('a clock that the time service has set is synchronised', async () => {
  const { run } = collectOn(makeClockCollector(quietProbe()), { [SYNCHRONIZED]: '' });
  expect(values(await run())).toMatchObject({ clock_synchronised_flag: 1 });
});

test('a time service that has not reached a server yet says so', async () => {
  const { run, kernel, world } = collectOn(makeClockCollector(quietProbe()), { '/run/systemd/timesync/other': '' });
  expect(values(await run())).toMatchObject({ clock_synchronised_flag: 0 });
  kernel.set(SYNCHRONIZED, '');
  await world.runFor(300_000);
  expect(values(await run())).toMatchObject({ clock_synchronised_flag: 1 });
});

test('where no time service can be asked, nothing is claimed', async () => {
  const facts = values(await collectOn(makeClockCollector(quietProbe()), {}).run());
  expect(facts).toEqual({ clock_untrusted_flag: 0, clock_steps_count: 0, clock_booted_in_past_flag: 0 });
});

test.for<[string, Record<string, string>, number | undefined]>([
  ['a clock with a battery is there', { '/sys/class/rtc/rtc0/name': 'rtc-ds1307\n' }, 1],
  ['sysfs without one', { '/sys/class/net/eth0/type': '1\n' }, 0],
  ['no sysfs', {}, undefined],
])('%s', async ([, files, want]) => {
  const facts = values(await collectOn(makeClockCollector(quietProbe()), files).run());
  expect(facts['clock_rtc_present_flag']).toBe(want);
});

test('what the agent knows about time is passed on, negative offsets too', async () => {
  const probe = quietProbe({
    controllerOffsetMs: () => -86_400_000,
    clockUntrusted: () => true,
    clockStepsCount: () => 2,
    reach: () => {
      throw new Error('nobody is asked here');
    },
  });
  expect(values(await collectOn(makeClockCollector(probe), {}).run())).toEqual({
    clock_controller_offset_ms: -86_400_000,
    clock_untrusted_flag: 1,
    clock_steps_count: 2,
    clock_booted_in_past_flag: 1,
  });
});

test.for<[string, string | undefined, number | undefined]>([
  ['runs ahead', '1000007\n', 7],
  ['is behind by a life', '0\n', -1_000_000],
  ['cannot be read', undefined, undefined],
  ['says something else', 'never\n', undefined],
])('a real-time clock that %s', ([, text, want]) => {
  const kernel = new SimKernelFiles(text === undefined ? {} : { '/sys/class/rtc/rtc0/since_epoch': text });
  expect(rtcOffsetS(kernel, 1_000_000_999)).toBe(want);
});

test('a boot that began in the past is remembered after the clock is set', async () => {
  let untrusted = true;
  const { run, world } = collectOn(makeClockCollector(quietProbe({ clockUntrusted: () => untrusted })), {});
  expect(values(await run())).toMatchObject({ clock_booted_in_past_flag: 1 });
  untrusted = false;
  await world.runFor(300_000);
  expect(values(await run())).toMatchObject({ clock_untrusted_flag: 0, clock_booted_in_past_flag: 1 });
});

test('a clock that was raised before the agent began is told too', async () => {
  const { run } = collectOn(makeClockCollector(quietProbe()), { [CLOCK_RAISED_MARK]: '' });
  expect(values(await run())).toMatchObject({ clock_untrusted_flag: 0, clock_booted_in_past_flag: 1 });
});

test('a boot with a clock that can be true is none in the past', async () => {
  expect(values(await collectOn(makeClockCollector(quietProbe()), {}).run())).toMatchObject({
    clock_booted_in_past_flag: 0,
  });
});
