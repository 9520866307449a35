import { expect, test } from 'vitest';
import { collectOn, values } from '../../kit/testing/collect-on.js';
import { makeBoardModelCollector } from './board-model.js';
import { parseCell } from './device-tree.js';

const CHOSEN = '/proc/device-tree/chosen/bootloader';
const PI_4 = { '/proc/device-tree/system/linux,revision': '\x00\xc0\x31\x11' };

test('a Pi 4 tells its model and what its model can do', async () => {
  expect(values(await collectOn(makeBoardModelCollector(), PI_4).run())).toEqual({
    board_name_text: 'Raspberry Pi 4 Model B 1.1',
    board_maker_text: 'Sony UK',
    board_soc_text: 'BCM2711',
    board_ram_bytes: 4 * 2 ** 30,
    board_netboot_state: 4,
    board_ethernet_flag: 1,
    board_poe_flag: 1,
  });
});

test('without a device tree cpuinfo has the code', async () => {
  const files = { '/proc/cpuinfo': 'Revision\t: 000e\nSerial\t\t: 00000000aa000001\n' };
  expect(values(await collectOn(makeBoardModelCollector(), files).run())).toMatchObject({
    board_name_text: 'Raspberry Pi Model B 2.0',
    board_netboot_state: 2,
  });
});

test('a type that is not known has a name and no capabilities', async () => {
  const files = { '/proc/device-tree/system/linux,revision': '\x00\xc0\x4f\xf0' };
  const facts = values(await collectOn(makeBoardModelCollector(), files).run());
  expect(facts).toMatchObject({ board_name_text: 'unknown type 0xff 1.0', board_ram_bytes: 4 * 2 ** 30 });
  expect(Object.keys(facts).filter((name) => /netboot|ethernet|poe/.test(name))).toEqual([]);
});

test('the bootloader of a board with an EEPROM names itself and its day', async () => {
  const files = {
    [`${CHOSEN}/version`]: '2bb2ae640058a2f3aa8dcbdc2da33302e509668c\0',
    [`${CHOSEN}/build-timestamp`]: '\x65\xa1\x2b\x3c',
  };
  expect(values(await collectOn(makeBoardModelCollector(), files).run())).toEqual({
    board_bootloader_text: '2bb2ae640058a2f3aa8dcbdc2da33302e509668c',
    board_bootloader_built_unix_s: 0x65a12b3c,
  });
});

test('a bootloader that does not know its day says nothing about it', async () => {
  const { run } = collectOn(makeBoardModelCollector(), { ...PI_4, [`${CHOSEN}/build-timestamp`]: '\0\0\0\0' });
  expect(values(await run())).not.toHaveProperty('board_bootloader_built_unix_s');
});

test.for<[string, Record<string, string>, number | undefined]>([
  ['of the chip', { '/sys/class/watchdog/watchdog0/identity': 'Broadcom BCM2835 Watchdog timer\n' }, 1],
  ['in software only', { '/sys/class/watchdog/watchdog0/identity': 'Software Watchdog\n' }, 0],
  ['none', { '/sys/class/net/eth0/address': '02:00:00:00:00:01\n' }, 0],
  ['no /sys', {}, undefined],
])('a watchdog: %s', async ([, files, want]) => {
  expect(values(await collectOn(makeBoardModelCollector(), { ...PI_4, ...files }).run())['board_watchdog_flag']).toBe(
    want,
  );
});

test('neither a Pi nor /sys: no data', async () => {
  expect(await collectOn(makeBoardModelCollector(), {}).run()).toMatchObject({ kind: 'no-data' });
});

test.for<[string, number | undefined]>([
  ['\x00\x00\x10\x00', 0x1000],
  ['\xff\xff\xff\xff', 0xffff_ffff],
  ['\x00\x00\x10', undefined],
  ['\x00\x00\x10\x00\x00', undefined],
  ['\x00\u2020\x10\x00', undefined],
])('a cell %j is %s', ([cell, want]) => {
  expect(parseCell(cell)).toBe(want);
});
