import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../testing/collect-on.js';
import { exited } from '../testing/sim-exec.js';
import { makeClockServiceCollector, parseChronyTracking, parseNtpMessage } from './clock-service.js';

test.for(recorded('chronyc-tracking'))('reads what chronyd says: $name', ({ input, expected: want }) => {
  expect(parseChronyTracking(input)).toEqual(want);
});

test.for(recorded('timesync-message'))('reads what systemd-timesyncd says: $name', ({ input, expected: want }) => {
  expect(parseNtpMessage(input)).toEqual(want);
});

test('cut answers are refused', () => {
  for (const [kind, parse] of [
    ['chronyc-tracking', parseChronyTracking],
    ['timesync-message', parseNtpMessage],
  ] as const) {
    for (const { input } of recorded(kind)) {
      expectNoInvention(parse, input, () => expect.unreachable('a prefix was taken for an answer'));
      expectRefusalOfGarbage(parse, input);
    }
  }
});

const tracking = (name: string): string => recorded('chronyc-tracking').find((one) => one.name === name)?.input ?? '';
const CHRONY = { '/run/chrony/chronyd.pid': '500\n' };
const TIMESYNCD = { '/run/systemd/timesync/synchronized': '' };
const NTP_MESSAGE = '(uuuuittayttttbtt) 1 4 4 2 -25 0 0 4 1 2 3 4 1000000 3000000 3000100 1000200 false 7 0\n';

test('chronyd is asked where it runs, and also whether the clock is synchronised', async () => {
  const { run, programs } = collectOn(makeClockServiceCollector(), CHRONY);
  programs.set('chronyc', () => exited(0, tracking('slow-before-a-leap-second')));
  expect(values(await run())).toEqual({ clock_offset_us: -34_568, clock_leap_state: 2, clock_synchronised_flag: 1 });
  programs.set('chronyc', () => exited(0, tracking('debian-12-no-server-yet')));
  expect(values(await run())).toEqual({ clock_synchronised_flag: 0 });
});

test('systemd-timesyncd is asked where chronyd does not answer; its flag is read elsewhere', async () => {
  const { run, programs } = collectOn(makeClockServiceCollector(), { ...CHRONY, ...TIMESYNCD });
  programs.set('chronyc', () => exited(1, '', '506 Cannot talk to daemon\n'));
  programs.set('busctl', ([, ...argv]) => exited(argv.at(-1) === 'NTPMessage' ? 0 : 1, NTP_MESSAGE));
  // Sent at 1.0000 and back at 1.0002 by our clock, 3.0000 and 3.0001 by the server's: we are slow by two seconds.
  expect(values(await run())).toEqual({ clock_offset_us: -1_999_950, clock_leap_state: 2 });
});

test('a spike is no estimate', () => {
  expect(parseNtpMessage(NTP_MESSAGE.replace('false', 'true'))).toEqual({});
});

test('without a service, or without its program, nothing is started and nothing is claimed', async () => {
  const none = { kind: 'no-data', why: 'no time service that tells its offset' };
  expect(await collectOn(makeClockServiceCollector(), {}).run()).toEqual(none);
  expect(await collectOn(makeClockServiceCollector(), { ...CHRONY, ...TIMESYNCD }).run()).toEqual(none);
});

test('an answer that nobody understands fails the collector, and only it', async () => {
  const { run, programs } = collectOn(makeClockServiceCollector(), CHRONY);
  programs.set('chronyc', () => exited(0, 'Reference ID : 7F000001\n'));
  await expect(run()).rejects.toMatchObject({ code: 'data-loss' });
});
