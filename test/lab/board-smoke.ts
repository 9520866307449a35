import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Say } from './build/cache.js';
import { exec } from './build/exec.js';
import { initramfs } from './build/initramfs.js';
import { kernel } from './build/kernel.js';
import { EMULATED } from './host/acceleration.js';

const LIMIT_MS = 90_000;
const MODULES = ['bcm2835-dma', 'sdhci-iproc', 'bcm2835', 'mmc_block', 'bcm2835_wdt', 'bcm2835_thermal'] as const;
/** The board takes cards whose size is a power of two. */
const CARD_SIZE = '64M';

/** What Debian's kernel says on QEMU's model of a Raspberry Pi 3 B, whose card, watchdog and sensor are the board's own. */
export async function bootRaspberryPi3(guestsDir: string, say: Say): Promise<string> {
  const arm64 = await kernel('arm64', say);
  const init = path.join(guestsDir, 'board-smoke.sh');
  const initrd = await initramfs({ name: 'raspi3b', kernel: arm64, init, modules: MODULES }, say);
  const dir = mkdtempSync(path.join(tmpdir(), 'bramble-raspi3b-'));
  const console = path.join(dir, 'console');
  const card = path.join(dir, 'card.img');
  await exec('truncate', ['-s', CARD_SIZE, card]);
  const tree = `${arm64.root}/usr/lib/linux-image-${arm64.release}/broadcom/bcm2837-rpi-3-b.dtb`;
  const words = ['-M', 'raspi3b', '-accel', EMULATED, '-kernel', arm64.image, '-dtb', tree, '-initrd', initrd];
  // The second serial port is the console; the first falls silent when the kernel takes over.
  const ports = [
    '-append',
    'console=ttyS1,115200',
    '-display',
    'none',
    '-serial',
    'null',
    '-serial',
    `file:${console}`,
  ];
  const emulator = ['--pdeathsig', 'KILL', 'qemu-system-aarch64', ...words, ...ports];
  const child = spawn('setpriv', [...emulator, '-monitor', 'none', '-drive', `file=${card},if=sd,format=raw`], {
    stdio: 'ignore',
  });
  try {
    const endsAtMs = performance.now() + LIMIT_MS;
    let text = '';
    while (!text.includes('DONE') && performance.now() < endsAtMs && child.exitCode === null) {
      await wait(200);
      text = readIfThere(console);
    }
    return text;
  } finally {
    child.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
