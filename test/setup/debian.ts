import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Debian package that system tests or benchmarks use, and the file that shows that it is there. */
interface DebianPackage {
  readonly name: string;
  readonly provides: string;
  readonly why: string;
}

const PACKAGES: readonly DebianPackage[] = [
  {
    name: 'prometheus-node-exporter',
    provides: '/usr/bin/prometheus-node-exporter',
    why: 'the baseline that the agent is measured against',
  },
  { name: 'prometheus', provides: '/usr/bin/prometheus', why: 'discovery and scraping of the controller' },
  { name: 'prometheus-alertmanager', provides: '/usr/bin/prometheus-alertmanager', why: 'alerts of incidents' },
  { name: 'chromium', provides: '/usr/bin/chromium', why: 'tests of the page' },
  { name: 'qemu-user-static', provides: '/usr/bin/qemu-aarch64-static', why: 'the agent on 64-bit ARM' },
  { name: 'zsh', provides: '/usr/bin/zsh', why: 'completion in its shell' },
  { name: 'fish', provides: '/usr/bin/fish', why: 'completion in its shell' },
  { name: 'openssl', provides: '/usr/bin/openssl', why: 'a certificate for the page from an authority of its own' },
  { name: 'dnsmasq-base', provides: '/usr/sbin/dnsmasq', why: 'boots over the network' },
  { name: 'busybox-static', provides: '/usr/bin/busybox', why: 'boards that boot over the network' },
  { name: 'iproute2', provides: '/sbin/ip', why: 'networks of their own' },
  { name: 'mmdebstrap', provides: '/usr/bin/mmdebstrap', why: 'a Debian for 64-bit ARM' },
  ...[
    ['attr', '/usr/bin/setfattr'],
    ['dosfstools', '/usr/sbin/mkfs.vfat'],
    ['minisign', '/usr/bin/minisign'],
    ['mtools', '/usr/bin/mcopy'],
    ['xz-utils', '/usr/bin/xz'],
  ].map(([name = '', provides = '']) => ({ name, provides, why: 'images of boards' })),
  ...[
    ['qemu-system-x86', '/usr/bin/qemu-system-x86_64'],
    ['qemu-system-arm', '/usr/bin/qemu-system-aarch64'],
    ['qemu-utils', '/usr/bin/qemu-img'],
    ['cpio', '/usr/bin/cpio'],
    ['kmod', '/usr/sbin/modprobe'],
    ['device-tree-compiler', '/usr/bin/fdtput'],
    ['nftables', '/usr/sbin/nft'],
    ['btrfs-progs', '/usr/bin/btrfs'],
    ['xfsprogs', '/usr/sbin/mkfs.xfs'],
    ['openssh-client', '/usr/bin/ssh-keygen'],
    ['iproute2', '/usr/sbin/ip'],
  ].map(([name = '', provides = '']) => ({ name, provides, why: 'the virtual rack' })),
  ...[
    ['openvpn', '/usr/sbin/openvpn'],
    ['iputils-ping', '/usr/bin/ping'],
    ['openssh-server', '/usr/sbin/sshd'],
  ].map(([name = '', provides = '']) => ({ name, provides, why: 'the overlay' })),
];

const INSTALL_LIMIT_MS = 300_000;

export interface DebianReport {
  /** Package names that are there. */
  readonly present: readonly string[];
  /** Package name and why it is not there; the suites that need it skip themselves. */
  readonly missing: Readonly<Record<string, string>>;
}

function whyNotHere(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/etc/os-release')) return 'not Debian';
  return /^ID(_LIKE)?="?.*debian/m.test(readFileSync('/etc/os-release', 'utf8')) ? undefined : 'not Debian';
}

/** What installing scripts of Debian ask before they start a service; 101 = no. Source: policy-rc.d(8) in sysv-rc's documentation. */
const POLICY = '/usr/sbin/policy-rc.d';
const REFUSE_ALL =
  '#!/bin/sh\n# Of a test that installs packages for their programs; it goes with the installation.\nexit 101\n';

/**
 * Runs `work` while no package may start its service: programs are wanted, not daemons that go on after the tests and take
 * ports. Debian's own switch, asked through invoke-rc.d and deb-systemd-invoke, with systemd and without. Somebody else's
 * policy stays as it is: it knows what may run on that machine.
 */
export async function withoutServices<Result>(work: () => Promise<Result>, policy: string = POLICY): Promise<Result> {
  try {
    writeFileSync(policy, REFUSE_ALL, { flag: 'wx', mode: 0o755 });
  } catch {
    return await work(); // there is one
  }
  try {
    return await work();
  } finally {
    rmSync(policy, { force: true });
  }
}

async function aptGet(...words: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['-q', '-y', ...words], { env, timeout: INSTALL_LIMIT_MS, maxBuffer: 64 * 2 ** 20 });
}

function reasonOf(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n').find((line) => line.startsWith('E:')) ?? text.split('\n')[0] ?? 'failed';
}

/** Installs what is absent when this is root on Debian; says for every package whether it is there. */
export async function debianPackages(): Promise<DebianReport> {
  const absent = PACKAGES.filter(({ provides }) => !existsSync(provides));
  const reasons = new Map<string, string>();
  const refused = whyNotHere();
  if (refused !== undefined) for (const { name } of absent) reasons.set(name, refused);
  else if (absent.length > 0) {
    try {
      await aptGet('update');
      await withoutServices(async () => {
        for (const { name } of absent) {
          // One by one: a package that this release lacks must not keep the others away.
          await aptGet('install', '--no-install-recommends', name).catch((thrown: unknown) => {
            reasons.set(name, reasonOf(thrown));
          });
        }
      });
    } catch (thrown) {
      for (const { name } of absent) reasons.set(name, reasonOf(thrown));
    }
  }
  const missing = PACKAGES.filter(({ provides }) => !existsSync(provides));
  return {
    present: PACKAGES.filter(({ provides }) => existsSync(provides)).map(({ name }) => name),
    missing: Object.fromEntries(
      missing.map(({ name, why }) => [name, `${reasons.get(name) ?? 'not installed'} (wanted for: ${why})`]),
    ),
  };
}
