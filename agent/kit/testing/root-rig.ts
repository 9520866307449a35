import { BrambleError } from '../../../proto/contract/errors.js';
import type { BootBoard, BootSet } from '../../../proto/contract/netboot/boot-set.js';
import { portSubnet } from '../../../proto/contract/netboot/subnet.js';
import { type Random, seededRandom } from '../../../proto/contract/random.js';
import { crc32 } from '../durable/crc32.js';
import { bootFolders, standardBootPaths } from '../roots/boot-paths.js';
import { type FileserverRoots, makeFileserverRoots } from '../roots/fileserver-roots.js';
import type { ImageSource, Uniqueness } from '../roots/ports.js';
import type { PrepareOrder } from '../roots/root-keeper.js';
import { PowerCut, type SimPool } from './sim-pool.js';

export const POOL = '/srv/bramble';
export const BOARD: BootBoard = {
  serial: 'aa000001',
  mac: 'b8:27:eb:aa:00:01',
  hostname: 'pi-01',
  boardClass: 'pi4',
  bits: 64,
  hasBootCard: false,
  mode: 'root',
  ipv6: undefined,
  authorizedKeys: [],
};
export const BOOT_SET: BootSet = {
  trunk: 'eth0',
  intakeImage: undefined,
  rescueImage: undefined,
  ports: [{ vlan: 10, server: '10.46.189.1', board: BOARD }],
};

export const CHANGES_PER_HOUR = 100;

export function orderOf(image: string, over: Partial<PrepareOrder> = {}): PrepareOrder {
  return { board: BOARD, subnet: portSubnet('10.46.189.0', 0), image, dataBytes: 2 ** 30, freshData: false, ...over };
}

/** A fileserver in memory: what NFS exports and dnsmasq has read survives the agent's processes, as those daemons do. */
export class RootRig {
  readonly pool: SimPool;
  /** Export path -> where it led when exportfs looked, and the line that said so. */
  exported = new Map<string, string>();
  readonly calls: string[] = [];
  /** What dnsmasq and ifupdown2 have read last. */
  readonly heard = { conf: '', hosts: '', interfaces: '' };
  /** The call that fails, once. */
  failing: string | undefined;
  /** Why nothing can be mounted, whatever is exported. */
  nfsTrouble: string | undefined;
  /** Since the fileserver booted. */
  uptimeMs = 0;
  bootId = 'boot-1';
  readonly #random: Random;

  constructor(pool: SimPool, seed: number) {
    this.pool = pool;
    this.#random = seededRandom(seed);
  }

  /** A process of the agent. */
  start(): FileserverRoots {
    const { pool } = this;
    const [files, driver, unique] = [pool.files(), pool.driver(POOL), this.#uniqueness()];
    return makeFileserverRoots({
      paths: standardBootPaths(POOL),
      files,
      driver,
      unique,
      source: folderImages(files),
      digest: (text) => crc32(new TextEncoder().encode(text)).toString(16).padStart(16, '0'),
      limit: { perHour: CHANGES_PER_HOUR, now: () => ({ bootId: this.bootId, ms: this.uptimeMs }) },
      services: {
        checkDnsmasq: () => Promise.resolve(undefined),
        reloadDnsmasq: async () => {
          await this.#call('reload dnsmasq');
          this.heard.hosts = this.said.hosts;
        },
        restartDnsmasq: async () => {
          await this.#call('restart dnsmasq');
          Object.assign(this.heard, { conf: this.said.conf, hosts: this.said.hosts });
        },
        reExport: () => this.#reExport(),
        reloadInterfaces: async () => {
          await this.#call('interfaces');
          this.heard.interfaces = this.said.interfaces;
        },
        reloadTime: () => this.#call('time'),
        probeMount: async ({ path }) => {
          await this.#call(`probe ${path}`);
          return this.exported.has(path) ? this.nfsTrouble : 'it is not exported';
        },
      },
    });
  }

  /** What their files say. */
  get said(): { readonly conf: string; readonly hosts: string; readonly interfaces: string } {
    const paths = standardBootPaths(POOL);
    const { conf, hosts } = bootFolders(paths);
    const text = (path: string): string => this.pool.text(path) ?? '';
    return {
      conf: text(conf),
      hosts: this.pool
        .list(hosts)
        .map((name) => text(`${hosts}/${name}`))
        .join(''),
      interfaces: text(paths.interfaces),
    };
  }

  /** As exportfs(8): what the file says, with links followed now. */
  async #reExport(): Promise<void> {
    await this.#call('exportfs');
    const text = this.pool.text(standardBootPaths(POOL).exports) ?? '';
    const paths = text.split('\n').flatMap((line) => (line.startsWith('/') ? [line.split(' ')[0] ?? ''] : []));
    this.exported = new Map(paths.map((path) => [path, this.pool.resolve(path)]));
  }

  async #call(what: string): Promise<void> {
    await Promise.resolve();
    if (this.pool.operations >= this.pool.cutAt) throw new PowerCut('the power is gone');
    this.calls.push(what);
    if (this.failing !== what) return;
    this.failing = undefined;
    throw new BrambleError('failed-precondition', `${what} failed`);
  }

  #uniqueness(): Uniqueness {
    const bytes = (count: number): Uint8Array =>
      Uint8Array.from({ length: count }, () => Math.floor(this.#random.unit() * 256));
    return {
      ed25519: () => ({ privateKey: bytes(32), publicKey: bytes(32) }),
      p256: () => ({ privateKey: bytes(32), publicKey: bytes(65) }),
      bytes,
    };
  }
}

/** Small images: what is in them says which one it is. Two of them are hostile. */
function folderImages(files: ReturnType<SimPool['files']>): ImageSource {
  return {
    has: () => Promise.resolve(true),
    materialise: async (image, folder) => {
      for (const name of ['bin/sh', 'etc/ssh/ssh_host_rsa_key', 'etc/hostname', 'version']) {
        await files.writeText(`${folder}/root/${name}`, `${name} of ${image}`);
      }
      if (image === 'hostile-boot') await files.link(`${folder}/boot/start.elf`, '/etc/shadow');
      if (image === 'hostile-root') await files.link(`${folder}/root/etc/hostname`, '/etc/passwd');
      for (const name of ['kernel8.img', 'version'])
        await files.writeText(`${folder}/boot/${name}`, `${name} of ${image}`);
    },
  };
}
