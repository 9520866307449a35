import { expect, test } from 'vitest';
import { describeHardware, type Found } from './describe.js';

const NOTHING: Found = { disks: [], usb: [], bios: { vendor: '', version: '', releaseDate: '' }, memory: [] };

test('what is built in is said in words, what is unknown is left out', () => {
  const found: Found = {
    disks: [
      {
        device: '/dev/sda',
        vendor: 'Samsung',
        name: 'SSD 860 EVO',
        size: 500_107_862_016,
        type: 'SSD',
        serialNum: 'S3Z9',
      },
      { device: '/dev/mmcblk0', vendor: '', name: 'SC16G', size: 15_931_539_456, type: 'HD', serialNum: '' },
    ],
    usb: [{ bus: 1, deviceId: 3, manufacturer: 'Realtek', name: 'RTL8153 Gigabit Ethernet', type: 'Unknown' }],
    bios: { vendor: 'SeaBIOS', version: '1.16.2', releaseDate: '2014-04-01' },
    memory: [{ bank: 'BANK 0', size: 8_589_934_592, type: 'DDR4', clockSpeed: 3_200, partNum: '-' }],
  };
  expect(describeHardware(found)).toEqual([
    ['disk:sda', 'Samsung SSD 860 EVO 465.8 GiB SSD serial S3Z9'],
    ['disk:mmcblk0', 'SC16G 14.8 GiB HD'],
    ['usb:1-3', 'Realtek RTL8153 Gigabit Ethernet'],
    ['firmware', 'SeaBIOS 1.16.2 2014-04-01'],
    ['memory:BANK 0', '8.0 GiB DDR4 3200 MHz'],
  ]);
});

test('a machine that says nothing has no items', () => {
  expect(describeHardware(NOTHING)).toEqual([]);
});

test('as a virtual machine without DMI answered: only the size of its memory is known', () => {
  const memory = [{ bank: '', size: 25_276_514_304, type: '', clockSpeed: 0, partNum: '' }];
  expect(describeHardware({ ...NOTHING, memory })).toEqual([['memory:0', '23.5 GiB']]);
});
