import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { cached, type Say } from './cache.js';
import { exec } from './exec.js';
import type { Kernel } from './kernel.js';

/** Programs that the init scripts call by name; all of them are busybox. */
const APPLETS =
  'sh mount umount modprobe insmod udhcpc tftp ip switch_root cat sleep ls mkdir ln cp tr cut grep base64 chmod';

export interface InitramfsSpec {
  readonly name: string;
  readonly kernel: Kernel;
  /** Becomes /init. */
  readonly init: string;
  /** Other files, by their path inside. */
  readonly files?: Readonly<Record<string, string>>;
  /** Modules, without those that they need. */
  readonly modules: readonly string[];
}

/** busybox, modules with all that they need, and one script. Debian's kernels find neither a disk nor a network without. */
export async function initramfs(spec: InitramfsSpec, say: Say): Promise<string> {
  const { name, kernel, init, files = {}, modules } = spec;
  const texts = [init, ...Object.values(files)].map((file) => readFileSync(file, 'utf8'));
  const inputs = [kernel.release, kernel.architecture, APPLETS, ...modules, ...Object.keys(files), ...texts];
  const dir = await cached({ name: `initramfs-${name}`, inputs, make: (to) => build(spec, to) }, say);
  return path.join(dir, 'initramfs');
}

async function build({ kernel, init, files = {}, modules }: InitramfsSpec, to: string): Promise<void> {
  const tree = path.join(to, 'tree');
  const within = (...parts: readonly string[]): string => path.join(tree, ...parts);
  for (const each of ['bin', 'sbin', 'proc', 'sys', 'dev', 'tmp', 'run', 'newroot', 'etc']) {
    mkdirSync(within(each), { recursive: true });
  }
  copyFileSync(kernel.busybox, within('bin/busybox'));
  for (const applet of APPLETS.split(' ')) symlinkSync('busybox', within('bin', applet));
  symlinkSync('../bin/busybox', within('sbin/modprobe')); // the kernel itself looks for it there
  for (const [inside, file] of [['init', init], ...Object.entries(files)] as const) {
    copyFileSync(file, within(inside));
    chmodSync(within(inside), 0o755);
  }
  await copyModules(kernel, modules, tree);
  const names = await exec('find', ['.'], { cwd: tree });
  const archive = path.join(to, 'initramfs');
  await exec('cpio', ['-o', '-H', 'newc', '--quiet', '-F', archive], { cwd: tree, input: names });
  rmSync(tree, { recursive: true });
}

async function copyModules({ root, release }: Kernel, modules: readonly string[], tree: string): Promise<void> {
  const wanted = new Set<string>();
  for (const module of modules) {
    const shown = await exec('modprobe', ['-d', root, '-S', release, '--show-depends', module]);
    // "builtin NAME" lines need nothing
    for (const [, file] of shown.matchAll(/^insmod (\S+)/gm)) if (file !== undefined) wanted.add(file);
  }
  const folder = path.join('lib/modules', release);
  for (const file of wanted) {
    const relative = path.relative(path.join(root, folder), file);
    mkdirSync(path.dirname(path.join(tree, folder, relative)), { recursive: true });
    copyFileSync(file, path.join(tree, folder, relative));
  }
  for (const list of ['modules.order', 'modules.builtin', 'modules.builtin.modinfo']) {
    const from = path.join(root, folder, list);
    if (existsSync(from)) cpSync(from, path.join(tree, folder, list));
  }
  await exec('depmod', ['-b', tree, release]);
}
