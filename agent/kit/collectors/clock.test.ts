import { expect, test } from 'vitest';
import { collectOn, quietProbe, values } from '../testing/collect-on.js';
import { makeClockCollector } from './clock.js';

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
  expect(facts).toEqual({ clock_untrusted_flag: 0, clock_steps_count: 0 });
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
  });
  expect(values(await collectOn(makeClockCollector(probe), {}).run())).toEqual({
    clock_controller_offset_ms: -86_400_000,
    clock_untrusted_flag: 1,
    clock_steps_count: 2,
  });
});
