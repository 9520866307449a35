import { expect, test } from 'vitest';
import { KERNEL_LOG_RULES, type KernelLogMeaning } from '../../../proto/contract/kernel-log.js';
import { recorded } from '../../../test/fixtures/index.js';
import type { KernelLogMatch } from '../../kit/collect/probe.js';
import { parseKernelRecord } from '../../kit/host/kernel-record.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { SimSite } from '../../kit/testing/sim-site.js';
import { makeKernelLogCollector } from './kernel-log.js';
import { KERNEL_LOG_PATTERNS, matchKernelLine } from './kernel-log-rules.js';

interface Expected {
  readonly records: number;
  readonly matches: Record<string, number>;
}

/** Records of a log: lines that begin with a space belong to the one before. */
const split = (input: string): readonly string[] => input.split(/^(?! )/m);

test.for(recorded<Expected>('kmsg'))('the rules find in $name what a reader would', ({ input, expected: want }) => {
  const records = split(input).map((text) => parseKernelRecord(text));
  const matches: Record<string, number> = {};
  for (const record of records) {
    const rule = record?.facility === 0 ? matchKernelLine(record.text) : undefined;
    if (rule !== undefined) matches[rule] = (matches[rule] ?? 0) + 1;
  }
  expect({ records: records.filter((record) => record !== undefined).length, matches }).toEqual(want);
});

test('every rule is seen to match, and what ends a state exists', () => {
  const matched = new Set(recorded<Expected>('kmsg').flatMap(({ expected: { matches } }) => Object.keys(matches)));
  expect([...matched].sort()).toEqual(Object.keys(KERNEL_LOG_PATTERNS).sort());
  for (const meaning of Object.values<KernelLogMeaning>(KERNEL_LOG_RULES)) {
    if (meaning.clearedBy !== undefined) expect(KERNEL_LOG_RULES).toHaveProperty([meaning.clearedBy]);
  }
});

test.for([
  'mmc0: new high speed SDHC card at address aaaa',
  'mmc1: queuing unknown CIS tuple 0x80 (2 bytes)',
  'watchdog: watchdog0: nowayout prevents watchdog being stopped!',
  'EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode',
  'sd 0:0:0:0: [sda] Write cache: disabled, read cache: enabled',
  'usb 1-1: USB disconnect, device number 3',
  'systemd[1]: Mounted Kernel Debug File System.',
  '',
])('a healthy machine may say: %s', (line) => {
  expect(matchKernelLine(line)).toBeUndefined();
});

function rig() {
  const told: KernelLogMatch[] = [];
  const all = collectOn(
    makeKernelLogCollector((match) => told.push(match)),
    {},
  );
  return { ...all, told, facts: async () => values(await all.run()) };
}

const TIMEOUT = 'mmc0: Timeout waiting for hardware interrupt.';

test('lines are counted, and those that match also by their rule', async () => {
  const { facts, kernelLog, told } = rig();
  expect(await facts()).toEqual({ kernel_log_lines_count: 0, kernel_log_dropped_count: 0 });
  kernelLog.write('usb 1-1: new device');
  kernelLog.write(TIMEOUT, 3);
  expect(await facts()).toEqual({
    kernel_log_lines_count: 2,
    kernel_log_dropped_count: 0,
    'kernel_log_matches_count card-timeout': 1,
  });
  expect(told).toEqual([{ rule: 'card-timeout', line: TIMEOUT, count: 1 }]);
});

test('one rule is told once in ten minutes, with what came in between', async () => {
  const { facts, kernelLog, told, world } = rig();
  const say = async (line: string, afterMs: number) => {
    await world.runFor(afterMs);
    kernelLog.write(line);
    await facts();
  };
  await say(TIMEOUT, 0);
  await say(TIMEOUT, 30_000);
  await say('mmc1: Timeout waiting for hardware interrupt.', 30_000);
  await say('Kernel panic - not syncing: x', 30_000);
  expect(told.map(({ rule, count }) => [rule, count])).toEqual([
    ['card-timeout', 1],
    ['kernel-panic', 1],
  ]);
  await world.runFor(509_999);
  await facts();
  expect(told).toHaveLength(2);
  await world.runFor(1);
  await facts();
  expect(told.slice(2)).toEqual([
    { rule: 'card-timeout', line: 'mmc1: Timeout waiting for hardware interrupt.', count: 2 },
  ]);
  await world.runFor(3_600_000);
  await facts();
  expect(told).toHaveLength(3);
});

test('what goes on counts from its beginning, and stands at 0 once its end was told', async () => {
  const { facts, kernelLog } = rig();
  const undervoltage = async () => (await facts())['kernel_log_matches_count undervoltage'];
  kernelLog.write('hwmon hwmon1: Undervoltage detected!', 2);
  kernelLog.write('hwmon hwmon1: Undervoltage detected!', 2);
  expect(await undervoltage()).toBe(2);
  kernelLog.write('hwmon hwmon1: Voltage normalised');
  expect(await undervoltage()).toBe(0);
  kernelLog.write('hwmon hwmon1: Undervoltage detected!', 2);
  expect(await undervoltage()).toBe(1);
});

test('a program that writes to the log is counted and not believed', async () => {
  const { facts, kernelLog, told } = rig();
  kernelLog.write(TIMEOUT, 8 + 3);
  expect(await facts()).toEqual({ kernel_log_lines_count: 1, kernel_log_dropped_count: 0 });
  expect(told).toEqual([]);
});

test('what the kernel said a few minutes before the first look is news, the rest is history', async () => {
  const { facts, kernelLog, world } = rig();
  kernelLog.write(TIMEOUT);
  await world.runFor(1_000);
  kernelLog.write('EXT4-fs (mmcblk0p2): recovery complete');
  await world.runFor(300_000);
  expect(await facts()).toMatchObject({ kernel_log_lines_count: 1, 'kernel_log_matches_count journal-recovered': 1 });
});

test('a flood costs no more than the kernel keeps, and what it overwrote is counted', async () => {
  const { facts, kernelLog, told } = rig();
  kernelLog.write('the first line');
  await facts();
  for (let i = 1; i < 100_000; i++) kernelLog.write(i % 10 === 0 ? TIMEOUT : `line ${i}`);
  const { kernel_log_lines_count: lines, kernel_log_dropped_count: dropped } = await facts();
  expect(Number(lines)).toBeLessThan(10_000);
  expect(Number(lines) + Number(dropped)).toBe(100_000);
  expect(told).toHaveLength(1);
});

test('a line of a node is inert and short in its event', async () => {
  const { facts, kernelLog, told } = rig();
  kernelLog.write(`Kernel panic - \u001b[2J${'x'.repeat(500)}`);
  await facts();
  expect(told[0]?.line).toMatch(/^Kernel panic - \\x1b\[2Jx+…$/);
  expect(told[0]?.line).toHaveLength(200);
});

test('a log that may not be read is no data, and is tried again an hour later', async () => {
  const { run, facts, kernelLog, world } = rig();
  kernelLog.readable = false;
  expect(await run()).toEqual({ kind: 'no-data', why: 'the kernel log cannot be read' });
  kernelLog.readable = true;
  expect(await run()).toMatchObject({ kind: 'no-data' });
  await world.runFor(3_600_000);
  expect(await facts()).toMatchObject({ kernel_log_lines_count: 0 });
});

test('the controller is told of a line that matched', async () => {
  const site = new SimSite(7);
  site.change = {
    collectors: (probe) => [
      makeKernelLogCollector((match) => {
        probe.kernelLogMatched(match);
      }),
    ],
  };
  site.start();
  await site.pass(60_000);
  site.host.board.kernelLog.write(TIMEOUT, 3);
  site.host.board.kernelLog.write(TIMEOUT, 3);
  await site.pass(60_000);
  expect(site.controller.eventsOf('kernelLogMatched')).toEqual([{ rule: 'card-timeout', line: TIMEOUT, count: 2 }]);
  await site.stop();
});
