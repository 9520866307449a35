import { BrambleError } from '../../../proto/contract/errors.js';
import type { Collected, Collector, CollectorHost } from '../collect/collector.js';
import { noData, ok } from '../collect/collector.js';
import { isSynchronised } from './clock.js';
import { Samples } from './sample.js';

/** As clock_leap_state carries it: a second that is due at the end of this month, if any. */
export const LEAP_STATES = { none: 1, insert: 2, remove: 3 } as const;

/** What a time service says of the system clock. */
export interface ClockEstimate {
  /** System clock minus true time; `undefined` while the service does not know. */
  readonly offsetUs: number | undefined;
  readonly leapState: number | undefined;
}

const CHRONY_COLUMNS = 14;
const CHRONY_LEAPS: ReadonlyMap<string, number | undefined> = new Map([
  ['Normal', LEAP_STATES.none],
  ['Insert second', LEAP_STATES.insert],
  ['Delete second', LEAP_STATES.remove],
  ['Not synchronised', undefined],
]);

/**
 * Parses `chronyc -n -c tracking`: one line of values, separated by commas. Its system time is positive when the clock is slow.
 * Sources: chronyc(1), -c and tracking; chrony client.c, process_cmd_tracking().
 * @throws BrambleError `data-loss` when the answer is cut short or has another form
 */
export function parseChronyTracking(text: string): ClockEstimate {
  const columns = text.endsWith('\n') ? text.slice(0, -1).split(',') : [];
  const correctionS = columns[4] ?? '';
  const leap = columns[13] ?? '';
  if (columns.length !== CHRONY_COLUMNS || !/^-?\d+\.\d{9}$/.test(correctionS) || !CHRONY_LEAPS.has(leap)) {
    throw new BrambleError('data-loss', 'chronyc: its answer is cut short or of another form');
  }
  const leapState = CHRONY_LEAPS.get(leap);
  // Adding 0 turns a negative zero into a plain one.
  return { leapState, offsetUs: leapState === undefined ? undefined : Math.round(Number(correctionS) * -1e6) + 0 };
}

const NTP_MESSAGE =
  /^\(uuuuittayttttbtt\) (\d) \d+ \d+ \d+ -?\d+ \d+ \d+ 4 \d+ \d+ \d+ \d+ (\d{1,16}) (\d{1,16}) (\d{1,16}) (\d{1,16}) (true|false) (\d+) \d+\n$/;
/** Leap indicator of NTP. Source: RFC 5905, figure 9; 3 is an unsynchronised clock. */
const NTP_LEAPS = [LEAP_STATES.none, LEAP_STATES.insert, LEAP_STATES.remove, undefined] as const;

/**
 * Parses the property NTPMessage of systemd-timesyncd as busctl(1) prints it: the four times of the last exchange in µs, from
 * which the offset follows (RFC 5905, section 8). `timedatectl show-timesync` rounds them to seconds. timesyncd then moves the
 * clock by that offset. Nothing is known before the first answer of a server, or from one that was left aside as a spike.
 * Source: systemd src/timesync/timesyncd-bus.c, property_get_ntp_message().
 * @throws BrambleError `data-loss` when the answer is cut short or has another form
 */
export function parseNtpMessage(text: string): ClockEstimate {
  const found = NTP_MESSAGE.exec(text);
  if (found === null) throw new BrambleError('data-loss', 'busctl: its answer is cut short or of another form');
  const [, leap, origin, received, transmitted, arrived, isSpike, packets] = found;
  if (packets === '0' || isSpike === 'true') return { offsetUs: undefined, leapState: undefined };
  const leapState = NTP_LEAPS[Number(leap)];
  const aheadUs = (Number(origin) - Number(received) + (Number(arrived) - Number(transmitted))) / 2;
  return { leapState, offsetUs: leapState === undefined ? undefined : Math.round(aheadUs) + 0 };
}

const INTERVAL_MS = 300_000;
/** Either program asks a daemon on this machine. */
const TIMEOUT_MS = 10_000;

const CHRONYC = ['chronyc', '-n', '-c', 'tracking'] as const;
const TIMESYNCD = [
  'busctl',
  'get-property',
  'org.freedesktop.timesync1',
  '/org/freedesktop/timesync1',
  'org.freedesktop.timesync1.Manager',
  'NTPMessage',
] as const;

/** How far off the time service thinks the clock is. It asks a program, because neither service tells in a file. */
export function makeClockServiceCollector(): Collector {
  return {
    name: 'clock-service',
    intervalMs: INTERVAL_MS,
    timeoutMs: 2 * TIMEOUT_MS + 1_000,
    async collect(host, signal): Promise<Collected> {
      const samples = new Samples();
      const chrony =
        host.kernel.list('/run')?.includes('chrony') === true ? await ask(host, CHRONYC, signal) : undefined;
      if (chrony !== undefined) {
        const estimate = parseChronyTracking(chrony);
        addEstimate(samples, estimate);
        // chronyd has no file that says so, as timesyncd has.
        const isTold = isSynchronised(host.kernel) !== undefined;
        samples.flag('clock_synchronised_flag', isTold ? undefined : estimate.leapState !== undefined);
        return ok(samples.list);
      }
      const isTimesyncd = host.kernel.list('/run/systemd/timesync') !== undefined;
      const timesyncd = isTimesyncd ? await ask(host, TIMESYNCD, signal) : undefined;
      if (timesyncd !== undefined) addEstimate(samples, parseNtpMessage(timesyncd));
      return samples.list.length === 0 ? noData('no time service that tells its offset') : ok(samples.list);
    },
  };
}

function addEstimate(samples: Samples, { offsetUs, leapState }: ClockEstimate): void {
  samples.number('clock_offset_us', offsetUs);
  samples.number('clock_leap_state', leapState);
}

/** What the program prints; `undefined` when there is no such program, or it has no answer. */
async function ask(
  { exec }: CollectorHost,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { status, stdout } = await exec.run(argv, { signal, timeoutMs: TIMEOUT_MS });
    return status === 0 ? stdout : undefined;
  } catch (error) {
    if (error instanceof BrambleError && error.code === 'not-found') return undefined;
    throw error;
  }
}
