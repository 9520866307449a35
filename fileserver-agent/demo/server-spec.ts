import { BOARD_KINDS } from '../../agent/demo/board-kinds.js';
import type { PiSpec } from '../../agent/demo/pi-spec.js';

/** As `npm start` knows it too. */
export const FILESERVER_NAME = 'demo-fs';

/** A small site's fileserver: a Pi 5 with its system on a card, and solid-state disks in a case for them. */
export const FILESERVER_SPEC: PiSpec = {
  name: FILESERVER_NAME,
  board: BOARD_KINDS['pi-5-8g'],
  serial: '7d2c91e40b5f3a68',
  mac: '2c:cf:67:5f:3a:68',
  wirelessMac: '2c:cf:67:5f:3a:69',
  card: { name: 'SN64G', maker: '0x000003', sectors: 124_735_488, serial: '0x4e21b07c', made: '03/2024' },
  host: 1,
  work: { dayRatio: 0.16, nightRatio: 0.05 },
  memoryRatio: 0.31,
  diskRatio: 0.22,
};
