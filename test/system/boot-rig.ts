import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A program of the rig that takes longer hangs. */
const LIMIT_MS = 20_000;

export interface RigBoard {
  readonly mac: string;
  readonly serial: string;
  readonly address: string;
  readonly server: string;
  readonly interfaceName: string;
  readonly namespace: string;
}

/** A fileserver with a VLAN per board: real dnsmasq, real DHCP and TFTP clients, in network namespaces of their own. */
export class BootRig {
  readonly directory: string;
  readonly boards: readonly RigBoard[];
  readonly #server: string;
  #dnsmasq: ChildProcess | undefined;

  constructor(directory: string, name: string, boards: number) {
    this.directory = directory;
    this.#server = `${name}-fs`;
    this.boards = Array.from({ length: boards }, (_, index) => ({
      mac: `b8:27:eb:aa:00:0${index + 1}`,
      serial: `aa00000${index + 1}`,
      address: `10.46.189.${4 * index + 2}`,
      server: `10.46.189.${4 * index + 1}`,
      interfaceName: `eth0.${10 + index}`,
      namespace: `${name}-pi${index}`,
    }));
  }

  static async open(boards: number): Promise<BootRig> {
    const directory = await mkdtemp(join(tmpdir(), 'bramble-boot-'));
    const rig = new BootRig(directory, `bb${process.pid}`, boards);
    try {
      await rig.#build();
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  get log(): string {
    return join(this.directory, 'dnsmasq.log');
  }

  /** As the agent has it run: from a configuration file. */
  async startConfigured(conf: string): Promise<void> {
    const argv = [
      'netns',
      'exec',
      this.#server,
      'dnsmasq',
      '--keep-in-foreground',
      '--user=root',
      `--conf-file=${conf}`,
    ];
    this.#dnsmasq = spawn('ip', argv, { stdio: 'ignore' });
  }

  get dnsmasqPid(): number | undefined {
    return this.#dnsmasq?.exitCode === null ? this.#dnsmasq.pid : undefined;
  }

  /** @param more options of dnsmasq's own */
  async startDnsmasq(...more: readonly string[]): Promise<void> {
    const words = this.boards.flatMap(({ interfaceName, address }) => [
      `--interface=${interfaceName}`,
      `--dhcp-range=${address},${address},255.255.255.252,2m`,
    ]);
    const files = [
      `--log-facility=${this.log}`,
      `--dhcp-leasefile=${this.#path('leases')}`,
      `--pid-file=${this.#path('pid')}`,
    ];
    const fixed = [
      '--keep-in-foreground',
      '--conf-file=/dev/null',
      '--port=0',
      '--user=root',
      '--no-ping',
      '--log-dhcp',
    ];
    const tftp = ['--bind-interfaces', '--dhcp-authoritative', '--enable-tftp', `--tftp-root=${this.#path('tftp')}`];
    const argv = ['netns', 'exec', this.#server, 'dnsmasq', ...fixed, ...files, ...tftp, ...words, ...more];
    this.#dnsmasq = spawn('ip', argv, { stdio: 'ignore' });
  }

  async stopDnsmasq(): Promise<void> {
    const child = this.#dnsmasq;
    this.#dnsmasq = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  /** What the boot ROM of the board does first. False: nobody answered. */
  async dhcp({ namespace }: RigBoard, vendorClass = 'PXEClient:Arch:00000:UNDI:002001'): Promise<boolean> {
    const udhcpc = ['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '5', '-T', '1', '-s', this.#path('lease.sh')];
    return this.#inside(namespace, ['busybox', ...udhcpc, '-V', vendorClass]);
  }

  /** As dhcp(), by a client that says what architecture it is, as boot ROMs do. Answers with its lease, by name. */
  async lease(board: RigBoard): Promise<ReadonlyMap<string, string> | undefined> {
    const path = this.#path(`lease-${board.namespace}`);
    await rm(path, { force: true });
    const udhcpc = ['udhcpc', '-i', 'eth0', '-n', '-q', '-f', '-t', '3', '-T', '2', '-s', this.#path('lease.sh')];
    const options = ['-V', 'PXEClient:Arch:00000:UNDI:002001', '-x', '0x5d:0000', '-O', '43'];
    if (!(await this.#inside(board.namespace, ['env', `LEASE=${path}`, 'busybox', ...udhcpc, ...options])))
      return undefined;
    const lines = (await readFile(path, 'utf8')).split('\n').map((line) => line.split('='));
    return new Map(lines.map(([name = '', ...value]) => [name, value.join('=')]));
  }

  /** What the server gives for a path; `undefined`: an error. */
  async get({ namespace, server }: RigBoard, path: string): Promise<string | undefined> {
    const local = this.#path(`got-${namespace}`);
    await rm(local, { force: true });
    const isThere = await this.#inside(namespace, ['busybox', 'tftp', '-g', '-r', path, '-l', local, server]);
    return isThere ? readFile(local, 'latin1') : undefined;
  }

  /** True when the server took it. */
  async write({ namespace, server }: RigBoard, path: string): Promise<boolean> {
    return this.#inside(namespace, ['busybox', 'tftp', '-p', '-l', '/etc/hostname', '-r', path, server]);
  }

  /** The board calls itself by another MAC address from now on. */
  async changeMac({ namespace }: RigBoard, mac: string): Promise<void> {
    await this.#ip('-n', namespace, 'link', 'set', 'eth0', 'down');
    await this.#ip('-n', namespace, 'link', 'set', 'eth0', 'address', mac, 'up');
  }

  /** False: there is no such file. */
  async fetch({ namespace, server }: RigBoard, path: string): Promise<boolean> {
    return this.#inside(namespace, ['busybox', 'tftp', '-g', '-r', path, '-l', '/dev/null', server]);
  }

  /** A board that writes. False: it was refused. */
  async send({ namespace, server }: RigBoard, path: string): Promise<boolean> {
    return this.#inside(namespace, ['busybox', 'tftp', '-p', '-l', '/etc/hostname', '-r', path, server]);
  }

  async put(path: string, content = 'x'.repeat(3_000)): Promise<void> {
    await mkdir(join(this.#path('tftp'), path, '..'), { recursive: true });
    await writeFile(join(this.#path('tftp'), path), content);
  }

  async close(): Promise<void> {
    await this.stopDnsmasq();
    for (const name of [this.#server, ...this.boards.map(({ namespace }) => namespace)]) {
      await run('ip', ['netns', 'del', name]).catch(() => undefined); // it was never made
    }
    await rm(this.directory, { recursive: true, force: true });
  }

  async #build(): Promise<void> {
    const script =
      '#!/bin/sh\n[ "$1" = bound ] || exit 0\nip addr flush dev "$interface"\nip addr add "$ip/$mask" dev "$interface"\n[ -z "$LEASE" ] || env >"$LEASE"\n';
    await writeFile(this.#path('lease.sh'), script);
    await chmod(this.#path('lease.sh'), 0o755);
    await mkdir(this.#path('tftp'));
    await this.#ip('netns', 'add', this.#server);
    for (const { namespace, interfaceName, server, mac } of this.boards) {
      await this.#ip('netns', 'add', namespace);
      const far = ['type', 'veth', 'peer', 'name', 'eth0', 'address', mac, 'netns', namespace];
      await this.#ip('link', 'add', interfaceName, 'netns', this.#server, ...far);
      await this.#ip('-n', this.#server, 'addr', 'add', `${server}/30`, 'dev', interfaceName);
      await this.#ip('-n', this.#server, 'link', 'set', interfaceName, 'up');
      await this.#ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    }
  }

  async #inside(namespace: string, argv: readonly string[]): Promise<boolean> {
    try {
      await run('ip', ['netns', 'exec', namespace, ...argv], { timeout: LIMIT_MS });
      return true;
    } catch {
      return false; // a refusal of the server, as a board would get it
    }
  }

  async #ip(...words: readonly string[]): Promise<void> {
    await run('ip', words, { timeout: LIMIT_MS });
  }

  #path(name: string): string {
    return join(this.directory, name);
  }
}
