import { expect, test } from 'vitest';
import { recorded } from '../../../test/fixtures/index.js';
import { expectNoInvention, expectRefusalOfGarbage } from '../../../test/fixtures/parser-properties.js';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import {
  type BootEvidence,
  type BootReason,
  judgeBootReason,
  makeBootReasonCollector,
  parseCrash,
} from './boot-reason.js';

test.for(recorded<string | null>('pstore-dmesg'))('reads the record $name', ({ input, expected: want }) => {
  expect(parseCrash(input) ?? null).toBe(want);
});

test('a cut record tells a part of its panic, or only that there was one, or nothing', () => {
  for (const { input } of recorded('pstore-dmesg')) {
    expectNoInvention(parseCrash, input, (cut, all) => {
      const isPart = cut === 'Kernel panic' || (cut !== undefined && all?.startsWith(cut) === true);
      expect(cut === undefined || isPart).toBe(true);
    });
    expectRefusalOfGarbage(parseCrash, input);
  }
});

test('a line of a panic is printable and short', () => {
  expect(parseCrash(`Kernel panic - not syncing: \x1b[31m${'x'.repeat(5_000)}\n`)).toMatch(/^[\x20-\x7e]{1,200}$/);
});

const NONE: BootEvidence = {
  resetStatus: undefined,
  powerReset: undefined,
  watchdogStatus: undefined,
  crash: undefined,
};

test.for<[string, Partial<BootEvidence>, BootReason | undefined]>([
  ['nothing is known', {}, undefined],
  ['the power came', { resetStatus: 0x1000 }, 'power-on'],
  [
    'the power came, and before that a Pi 5 had too little voltage',
    { resetStatus: 0x1000, powerReset: 0x2 },
    'undervoltage',
  ],
  ['the power came, and before that it was too hot', { resetStatus: 0x1000, powerReset: 0x4 }, 'power-on'],
  ['the power came after a panic', { resetStatus: 0x1000, crash: 'Kernel panic' }, 'power-on'],
  ['a restart: orderly, or the watchdog', { resetStatus: 0x20 }, undefined],
  ['a restart to another partition', { resetStatus: 0x21 }, undefined],
  ['a restart of a Pi 5 long after it had too little voltage', { resetStatus: 0x20, powerReset: 0x2 }, undefined],
  ['both bits: a board that kept its power', { resetStatus: 0x1020 }, undefined],
  ['a restart that left a panic', { resetStatus: 0x20, crash: 'Kernel panic' }, 'panic'],
  ['the watchdog bit', { watchdogStatus: 0x20 }, 'watchdog'],
  [
    'the watchdog bit after a panic: the panic hung, the watchdog ended it',
    { watchdogStatus: 0x20, crash: 'x' },
    'panic',
  ],
  ['the watchdog saw the supply fail', { watchdogStatus: 0x30 }, 'undervoltage'],
  ['a watchdog that knows nothing', { watchdogStatus: 0 }, undefined],
  ['a watchdog that can be set', { watchdogStatus: 0x8180 }, undefined],
])('%s', ([, evidence, want]) => {
  expect(judgeBootReason({ ...NONE, ...evidence })).toBe(want);
});

test('a board that panicked and was restarted tells both', async () => {
  const files = {
    '/proc/device-tree/chosen/bootloader/rsts': '\x00\x00\x00\x20',
    '/sys/fs/pstore/dmesg-ramoops-0':
      'Panic#1 Part1\n<0>[    9.1] Kernel panic - not syncing: Attempted to kill init!\n',
    '/sys/fs/pstore/console-ramoops-0': 'Kernel panic - not syncing: of long ago\n',
  };
  expect(values(await collectOn(makeBootReasonCollector(), files).run())).toEqual({
    boot_reason_state: 4,
    boot_crash_text: 'Kernel panic - not syncing: Attempted to kill init!',
  });
});

test('of two watchdogs one knows', async () => {
  const files = {
    '/sys/class/watchdog/watchdog0/bootstatus': '0\n',
    '/sys/class/watchdog/watchdog1/bootstatus': '32\n',
  };
  expect(values(await collectOn(makeBootReasonCollector(), files).run())).toEqual({ boot_reason_state: 3 });
});

test('the older name of the register is read too', async () => {
  const files = { '/proc/device-tree/chosen/bootloader/pm_rsts': '\x00\x00\x10\x00' };
  expect(values(await collectOn(makeBootReasonCollector(), files).run())).toEqual({ boot_reason_state: 1 });
});

test('where nothing tells, there is no data', async () => {
  const files = { '/sys/class/watchdog/watchdog0/bootstatus': '0\n' };
  expect(await collectOn(makeBootReasonCollector(), files).run()).toMatchObject({ kind: 'no-data' });
});
