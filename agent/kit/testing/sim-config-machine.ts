import { BrambleError } from '../../../proto/contract/errors.js';
import { storageError } from '../host/storage-error.js';
import { ConfigApplier } from '../node-config/applier.js';
import {
  type ConfigAllowance,
  type ConfigMachine,
  type ManagedFile,
  type UnitCondition,
  userOf,
} from '../node-config/machine.js';
import { UndoStore } from '../node-config/undo-record.js';
import type { SimDisk } from './sim-disk.js';
import type { SimHost } from './sim-host.js';

/** What of a board its kernel and its service manager hold: gone with the power, unlike files. */
export class SimConfigState {
  hostname = 'pi-0';
  readonly sysctls = new Map([
    ['vm.swappiness', '60'],
    ['vm.dirty_ratio', '20'],
    ['net.ipv4.conf.eth0.rp_filter', '2'],
  ]);
  readonly units = new Map<string, UnitCondition>([
    ['cups.service', { enabled: true, running: true }],
    ['fstrim.timer', { enabled: false, running: false }],
    ['ssh.socket', { enabled: undefined, running: true }],
  ]);
  timeServiceRestarts = 0;
  readonly users = ['pi', 'alice', 'root'];
  /** What a kernel setting does to the world. */
  onSysctl: (name: string, value: string) => void = () => undefined;

  /** As text: what a test compares. */
  show(): string {
    return JSON.stringify([this.hostname, [...this.sysctls], [...this.units]]);
  }
}

const PATHS: Readonly<Record<string, string>> = {
  hostname: '/etc/hostname',
  hosts: '/etc/hosts',
  timesyncd: '/etc/systemd/timesyncd.conf.d/bramble.conf',
  chrony: '/etc/chrony/sources.d/bramble.sources',
  sysctls: '/etc/sysctl.d/90-bramble.conf',
};

export function simConfigPath(file: ManagedFile): string {
  const user = userOf(file);
  return user === undefined ? (PATHS[file] ?? '') : `/srv/${user}/.ssh/authorized_keys`;
}

/** A board as a config sees it. Everything that it does is an operation of the disk, and may fail or crash there. */
export function makeSimConfigMachine(host: SimHost, state: SimConfigState): ConfigMachine {
  const { files } = host;
  const { disk } = host.board;
  const act = async <T>(name: string, effect: () => T): Promise<T> => {
    await files.readText(`/proc/${name}`); // gives a crash its chance, and never comes back from one
    const errno = disk.begin('write', `/proc/${name}`);
    if (errno !== undefined) throw storageError(errno, `writing /proc/${name}`);
    return effect();
  };
  const unit = (name: string): UnitCondition => {
    const found = state.units.get(name);
    if (found === undefined) throw new BrambleError('not-found', `no such unit: ${name}`);
    return found;
  };
  return {
    read: (file) => files.readText(simConfigPath(file)),
    write: (file, text) => writeOrRemove(host, disk, simConfigPath(file), text),
    hasUser: async (user) => state.users.includes(user),
    hostname: async () => state.hostname,
    setHostname: (name) =>
      act('hostname', () => {
        state.hostname = name;
      }),
    sysctl: async (name) => state.sysctls.get(name),
    setSysctl: (name, value) =>
      act(name, () => {
        state.sysctls.set(name, value);
        state.onSysctl(name, value);
      }),
    unit: async (name) => unit(name),
    setUnit: (name, condition) =>
      act(name, () => {
        state.units.set(name, condition);
      }),
    timeService: async () => 'timesyncd',
    restartTimeService: (service) =>
      act(service, () => {
        state.timeServiceRestarts += 1;
      }),
  };
}

async function writeOrRemove(host: SimHost, disk: SimDisk, path: string, text: string | undefined): Promise<void> {
  if (text !== undefined) {
    await host.files.writeAtomic(path, text);
    return;
  }
  await host.files.remove(path);
  disk.syncDirectory(path);
}

/** Everything that a simulated board has. */
export const SIM_ALLOWANCE: ConfigAllowance = {
  hostname: true,
  ntp: true,
  users: ['pi', 'alice', 'root', 'nobody-here'],
  sysctls: ['vm.swappiness', 'vm.dirty_ratio', 'net.ipv4.conf.eth0.rp_filter'],
  units: ['cups.service', 'fstrim.timer', 'ssh.socket'],
};

/** A board as it came from its image. */
export function plantConfigFiles(disk: SimDisk, foreignKey: string): void {
  const plant = (path: string, text: string): void => disk.plant(path, new TextEncoder().encode(text));
  plant('/etc/hostname', 'pi-0\n');
  plant('/etc/hosts', '127.0.0.1 localhost\n127.0.1.1 pi-0\n');
  plant('/srv/pi/.ssh/authorized_keys', `${foreignKey}\n`);
}

/** The real applier on a simulated board; it dies with the process that `host` stands for. */
export function makeSimApplier(host: SimHost, state: SimConfigState, allowance = SIM_ALLOWANCE): ConfigApplier {
  const undo = new UndoStore(host.files, '/var/lib/bramble-agent-helper/config-undo.json');
  return new ConfigApplier({ machine: makeSimConfigMachine(host, state), undo, allowance });
}

/** Everything that a config could have changed, as one text. */
export function configSnapshot(disk: SimDisk, state: SimConfigState): string {
  const paths = disk.paths.filter((path) => /^\/(etc|srv)/.test(path) && !path.endsWith('.tmp'));
  const texts = paths.map((path) => `${path}\n${new TextDecoder().decode(disk.read(path))}`);
  return [...texts, state.show()].join('\n');
}
