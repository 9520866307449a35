import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../setup/node-runtimes.js';
import type { Say } from '../build/cache.js';
import { exec } from '../build/exec.js';
import { initramfs } from '../build/initramfs.js';
import type { Kernel } from '../build/kernel.js';

/** Code translated by the emulator, at most: its default lets a small guest take a gigabyte. */
export const EMULATED = 'tcg,tb-size=128';
const PROBE_LIMIT_MS = 15_000;

/**
 * What runs guests of this machine's own processor. A file /dev/kvm proves nothing (a host may virtualise in a way that
 * only kernels made for it can use), so a stock kernel is booted once per boot of this machine; KVM is used when that
 * works within 15 s. On a busy machine it may not, which costs speed and nothing else.
 */
export async function acceleration(kernel: Kernel, probe: string, say: Say): Promise<string> {
  if (process.arch !== 'x64' || !existsSync('/dev/kvm')) return EMULATED;
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const remembered = path.join(cacheFolder(), 'lab', 'kvm.json');
  const known = recall(remembered, `${bootId} ${kernel.release}`);
  if (known !== undefined) return known;
  const initrd = await initramfs({ name: 'probe', kernel, init: probe, modules: [] }, say);
  const isProven = await boots(kernel.image, initrd);
  say(isProven ? 'KVM is proven, and used' : 'no KVM that a stock kernel can use was proven: every guest is emulated');
  const answer = isProven ? 'kvm' : EMULATED;
  mkdirSync(path.dirname(remembered), { recursive: true });
  writeFileSync(remembered, JSON.stringify({ of: `${bootId} ${kernel.release}`, answer }));
  return answer;
}

function recall(file: string, of: string): string | undefined {
  if (!existsSync(file)) return undefined;
  // written above
  const known = JSON.parse(readFileSync(file, 'utf8')) as { readonly of: string; readonly answer: string };
  return known.of === of ? known.answer : undefined;
}

async function boots(kernel: string, initrd: string): Promise<boolean> {
  const words = ['-accel', 'kvm', '-M', 'q35', '-cpu', 'host', '-m', '256', '-nic', 'none', '-display', 'none'];
  const boot = ['-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 quiet panic=-1', '-no-reboot'];
  const ports = ['-serial', 'stdio', '-monitor', 'none'];
  // An emulation error of KVM does not end the emulator: the limit does.
  const said = await exec('qemu-system-x86_64', [...words, ...boot, ...ports], { limitMs: PROBE_LIMIT_MS }).catch(
    () => '',
  );
  return said.includes('LAB a stock kernel runs');
}
