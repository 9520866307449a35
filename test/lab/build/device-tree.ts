import { copyFileSync } from 'node:fs';
import path from 'node:path';
import type { PiSpec } from '../spec.js';
import { cached, type Say } from './cache.js';
import { exec } from './exec.js';

export const PI_MACHINE = ['-M', 'virt', '-cpu', 'cortex-a53', '-m', '384'] as const;

/** The device tree of QEMU's `virt` board; every Pi adds what makes it one. */
export async function piDeviceTree(say: Say): Promise<string> {
  const version = (await exec('qemu-system-aarch64', ['--version'])).split('\n', 1)[0] ?? '';
  const inputs = [version, ...PI_MACHINE];
  const dir = await cached({ name: 'device-tree', inputs, make: build }, say);
  return path.join(dir, 'virt.dtb');
}

async function build(to: string): Promise<void> {
  const file = path.join(to, 'virt.dtb');
  const [, machine, ...rest] = PI_MACHINE;
  await exec('qemu-system-aarch64', ['-M', `${machine},dumpdtb=${file}`, ...rest, '-nic', 'none']);
}

/** A copy under the name of a Raspberry Pi, with its serial number: 16 hexadecimal digits, as the firmware writes it. */
export async function writeBoardTree(
  tree: string,
  { model, compatible, serial }: Pick<PiSpec, 'model' | 'compatible' | 'serial'>,
  to: string,
): Promise<void> {
  copyFileSync(tree, to);
  await exec('fdtput', ['-t', 's', to, '/', 'model', model]);
  await exec('fdtput', ['-t', 's', to, '/', 'compatible', ...compatible]);
  await exec('fdtput', ['-t', 's', to, '/', 'serial-number', serial]);
}
