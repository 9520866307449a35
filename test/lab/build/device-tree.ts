import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { cached, type Say } from './cache.js';
import { exec } from './exec.js';

const MODEL = 'Raspberry Pi 4 Model B Rev 1.4';
const COMPATIBLE = ['raspberrypi,4-model-b', 'brcm,bcm2711', 'linux,dummy-virt'] as const;
export const PI_MACHINE = ['-M', 'virt', '-cpu', 'cortex-a53', '-m', '384'] as const;

/** The device tree of QEMU's `virt` board under the name of a Raspberry Pi; every Pi adds its own serial number. */
export async function piDeviceTree(say: Say): Promise<string> {
  const version = (await exec('qemu-system-aarch64', ['--version'])).split('\n', 1)[0] ?? '';
  const inputs = [version, MODEL, ...COMPATIBLE, ...PI_MACHINE];
  const dir = await cached({ name: 'device-tree', inputs, make: build }, say);
  return path.join(dir, 'virt.dtb');
}

async function build(to: string): Promise<void> {
  const file = path.join(to, 'virt.dtb');
  const [, machine, ...rest] = PI_MACHINE;
  await exec('qemu-system-aarch64', ['-M', `${machine},dumpdtb=${file}`, ...rest, '-nic', 'none']);
  await exec('fdtput', ['-t', 's', file, '/', 'model', MODEL]);
  await exec('fdtput', ['-t', 's', file, '/', 'compatible', ...COMPATIBLE]);
}

/** A copy with a board's serial number: 16 hexadecimal digits, as the firmware writes it. */
export async function writeBoardTree(tree: string, serial: string, to: string): Promise<void> {
  copyFileSync(tree, to);
  await exec('fdtput', ['-t', 's', to, '/', 'serial-number', serial]);
}
