import path from 'node:path';
import { expect, test } from 'vitest';
import { bootRaspberryPi3 } from './board-smoke.js';
import { sharedRack } from './testing.js';

test('Debian’s kernel boots on QEMU’s Raspberry Pi 3, and sees its card, its watchdog and its temperature', async ({
  skip,
}) => {
  sharedRack(skip);
  const said = await bootRaspberryPi3(path.resolve('test/lab/guests'), () => undefined);
  expect(said).toMatch(/^MODEL Raspberry Pi 3 Model B/m);
  expect(said).toMatch(/^CARD QEMU!/m);
  expect(said).toMatch(/^WATCHDOG Broadcom BCM2835/m);
  expect(said).toMatch(/^TEMPERATURE \d{5}/m);
});
