import { BrambleError } from '../../../proto/contract/errors.js';
import { storageError } from '../host/storage-error.js';
import { type ConfigMachine, type ManagedFile, type UnitCondition, userOf } from '../node-config/machine.js';
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
  return user === undefined ? (PATHS[file] ?? '') : `/home/${user}/.ssh/authorized_keys`;
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
