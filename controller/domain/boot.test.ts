import { expect, test } from 'vitest';
import type { BootRecord } from '../../proto/contract/boot/record.js';
import { bootView, isBoardOf, joinOwnWord, type OwnWord } from './boot.js';

const NOTHING: OwnWord = { powerOnMs: undefined, bootedAtMs: undefined, helloMs: undefined, verifiedMs: undefined };
const RECORD: BootRecord = {
  mac: 'b8:27:eb:aa:00:03',
  serial: 'aa000003',
  address: '10.46.189.2',
  interfaceName: 'eth0.10',
  startedMs: 1_000_000,
  stagesMs: {
    'dhcp-seen': 1_000_000,
    'kernel-served': 1_020_000,
    'cmdline-served': 1_015_000,
    'nfs-mounted': 1_030_000,
  },
  firstFileMs: 1_001_000,
  missedMs: undefined,
  missedFirmware: false,
  startsMs: [1_000_000],
  seenMs: 1_030_000,
};

test.for<[string, string, string, boolean]>([
  ['the end of its serial number', '', '00000000aa000003', true],
  ['its MAC address', 'b8:27:eb:aa:00:03', 'x', true],
  ['nothing', '', '00000000bb000003', false],
])('a board is a node’s by %s', ([, mac, serial, isOwn]) => {
  expect(isBoardOf({ mac, serial: 'aa000003' }, { model: '', serial, macAddresses: [mac] })).toBe(isOwn);
});

test('a board without any name is nobody’s', () => {
  expect(isBoardOf({ mac: '', serial: '' }, { model: '', serial: '', macAddresses: [''] })).toBe(false);
});

test('the agent’s own hello and its first good report end the boot that they belong to', () => {
  const own = { ...NOTHING, bootedAtMs: 1_022_000, helloMs: 1_050_000 };
  expect(bootView(joinOwnWord(RECORD, own), 1_060_000)).toMatchObject({
    state: 'up',
    words: expect.stringContaining('50 s after its start'),
  });
  const verified = bootView(joinOwnWord(RECORD, { ...own, verifiedMs: 1_080_000 }), 1_090_000);
  expect(verified.steps.map(({ stage, tookMs }) => [stage, tookMs])).toEqual([
    ['dhcp-seen', 0],
    ['cmdline-served', 15_000],
    ['kernel-served', 5_000],
    ['nfs-mounted', 10_000],
    ['agent-hello', 20_000],
    ['verified', 30_000],
  ]);
});

test('the hello of an earlier boot ends none', () => {
  const earlier = { ...NOTHING, bootedAtMs: 900_000, helloMs: 910_000, verifiedMs: 920_000 };
  expect(bootView(joinOwnWord(RECORD, earlier), 1_040_000).state).toBe('booting');
  const late = bootView(joinOwnWord(RECORD, earlier), 1_210_000);
  expect(late).toMatchObject({ state: 'hangs', trouble: 'no-agent-hello' });
});

test('a node that restarts and never asks for an address hangs after 40 s', () => {
  const joined = joinOwnWord(RECORD, { ...NOTHING, bootedAtMs: 1_022_000, powerOnMs: 2_000_000 });
  expect(bootView(joined, 2_039_999).state).toBe('booting');
  expect(bootView(joined, 2_040_000)).toMatchObject({ state: 'hangs', trouble: 'no-dhcp' });
});

test('a boot begins when its power came on, also where the switch told of it a moment after the first request', () => {
  const own = { ...NOTHING, bootedAtMs: 1_022_000, helloMs: 1_050_000 };
  const stages = (powerOnMs: number) =>
    bootView(joinOwnWord(RECORD, { ...own, powerOnMs }), 1_060_000).steps.map(({ stage, tookMs }) => [stage, tookMs]);
  expect(stages(985_000).slice(0, 2)).toEqual([
    ['power-on', 0],
    ['dhcp-seen', 15_000],
  ]);
  expect(stages(1_009_000).slice(0, 2)).toEqual([
    ['power-on', 0],
    ['dhcp-seen', 0],
  ]);
  expect(stages(985_000).at(-1)).toEqual(['agent-hello', 20_000]);
});

test('power that came on long before a boot is none of its stages', () => {
  const { steps } = bootView(joinOwnWord(RECORD, { ...NOTHING, powerOnMs: 800_000 }), 1_031_000);
  expect(steps[0]?.stage).toBe('dhcp-seen');
});

test('a hello for the first time after the request is of this boot, however early its kernel says that it started', () => {
  const own = { ...NOTHING, bootedAtMs: 985_000, helloMs: 1_050_000 };
  expect(bootView(joinOwnWord(RECORD, own), 1_060_000).state).toBe('up');
});
