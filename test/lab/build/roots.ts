import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { arm64Node } from '../../setup/node-runtimes.js';
import { cached, type Say } from './cache.js';
import { debianSuite } from './debian.js';
import { exec } from './exec.js';
import type { Kernel } from './kernel.js';

/** The switch and the fileserver run from the same image. */
const MACHINE_PACKAGES = [
  ...['kmod', 'iproute2', 'iputils-ping', 'procps', 'psmisc', 'util-linux', 'busybox-static', 'nftables', 'ethtool'],
  ...['ifupdown2', 'bridge-utils', 'lldpd', 'tcpdump', 'openvpn', 'ca-certificates'],
  ...['mdadm', 'lvm2', 'thin-provisioning-tools', 'btrfs-progs', 'e2fsprogs', 'smartmontools', 'fdisk'],
  ...['nfs-kernel-server', 'nfs-common', 'rpcbind', 'dnsmasq-base', 'netbase', 'libatomic1', 'libstdc++6'],
] as const;

/** What a Pi boots over the network: unpacked and never configured, so that no foreign program has to run here. */
const PI_PACKAGES = [
  ...['base-files', 'base-passwd', 'libc6', 'libgcc-s1', 'libstdc++6', 'libatomic1', 'busybox-static', 'util-linux'],
  ...['coreutils', 'dash', 'kmod', 'iproute2', 'iputils-ping', 'procps', 'mount', 'dmsetup', 'mmc-utils'],
] as const;

/** Modules that nobody needs in a rack, by folder: half of their size. */
const LEFT_OUT = [
  ...['sound', 'drivers/gpu', 'drivers/media', 'drivers/infiniband', 'drivers/iio', 'drivers/staging', 'drivers/hid'],
  ...['drivers/net/wireless', 'drivers/isdn', 'drivers/usb/gadget', 'drivers/net/ethernet', 'drivers/comedi'],
] as const;

const APT_OPTIONS = [
  ...['--aptopt=APT::Install-Recommends "false"', '--aptopt=Acquire::Languages "none"'],
  ...['doc', 'man', 'locale', 'info'].map((each) => `--dpkgopt=path-exclude=/usr/share/${each}/*`),
] as const;

/** The account that agents run under; made by a package's script on a real machine. */
export const AGENT_UID = 990;
const PASSWD = `bramble:x:${AGENT_UID}:${AGENT_UID}::/nonexistent:/usr/sbin/nologin\n`;
const GROUP = `bramble:x:${AGENT_UID}:\n`;

const IMAGE_SIZE = '2G';
const BUILD_LIMIT_MS = 420_000;

/** A disk image (ext4, no partitions) with Debian, the kernel's modules and Node.js. */
export async function machineImage(kernel: Kernel, say: Say): Promise<string> {
  const inputs = [debianSuite(), kernel.release, process.version, ...MACHINE_PACKAGES, ...LEFT_OUT, PASSWD, IMAGE_SIZE];
  const dir = await cached({ name: 'machine', inputs, make: (to) => buildImage(kernel, to) }, say);
  return path.join(dir, 'machine.img');
}

async function buildImage(kernel: Kernel, to: string): Promise<void> {
  const root = path.join(to, 'root');
  const options = [...APT_OPTIONS, '--quiet', '--variant=minbase', '--mode=root'];
  const packages = `--include=${MACHINE_PACKAGES.join()}`;
  await exec('mmdebstrap', [...options, packages, debianSuite(), root], { limitMs: BUILD_LIMIT_MS });
  const modules = path.join('lib/modules', kernel.release);
  mkdirSync(path.join(root, 'lib/modules'), { recursive: true });
  await exec('cp', ['-a', path.join(kernel.root, modules), path.join(root, 'lib/modules/')]);
  for (const each of LEFT_OUT) {
    rmSync(path.join(root, modules, 'kernel', each), { recursive: true, force: true });
  }
  await exec('depmod', ['-b', root, kernel.release], { limitMs: 120_000 });
  copyFileSync(process.execPath, path.join(root, 'usr/bin/node'));
  await addAccount(root);
  const image = path.join(to, 'machine.img');
  await exec('truncate', ['-s', IMAGE_SIZE, image]);
  const features = ['-q', '-t', 'ext4', '-O', '^has_journal', '-E', 'root_owner=0:0,lazy_itable_init=1'];
  await exec('mke2fs', [...features, '-d', root, image], { limitMs: 120_000 });
  rmSync(root, { recursive: true });
}

/** A root for 64-bit ARM, as a folder. */
export async function piRoot(say: Say): Promise<string> {
  const node = await arm64Node();
  const inputs = [debianSuite(), node, ...PI_PACKAGES, PASSWD];
  const dir = await cached({ name: 'pi-root', inputs, make: (to) => buildPiRoot(node, to) }, say);
  return path.join(dir, 'root');
}

async function buildPiRoot(node: string, to: string): Promise<void> {
  const root = path.join(to, 'root');
  const options = [...APT_OPTIONS, '--quiet', '--architectures=arm64', '--variant=extract'];
  await exec('mmdebstrap', [...options, `--include=${PI_PACKAGES.join()}`, debianSuite(), root], {
    limitMs: BUILD_LIMIT_MS,
  });
  copyFileSync(node, path.join(root, 'usr/bin/node'));
  if (!existsSync(path.join(root, 'etc/passwd'))) {
    copyFileSync(path.join(root, 'usr/share/base-passwd/passwd.master'), path.join(root, 'etc/passwd'));
    copyFileSync(path.join(root, 'usr/share/base-passwd/group.master'), path.join(root, 'etc/group'));
  }
  await addAccount(root);
}

async function addAccount(root: string): Promise<void> {
  writeFileSync(path.join(root, 'etc/passwd'), PASSWD, { flag: 'a' });
  writeFileSync(path.join(root, 'etc/group'), GROUP, { flag: 'a' });
}
