import { access, chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BrambleError } from '../../../../../proto/contract/errors.js';
import { type ConfigMachine, type ManagedFile, type TimeService, userOf } from '../../../node-config/machine.js';
import type { Exec } from '../../ports.js';
import { storageError } from '../../storage-error.js';
import { errnoOf } from '../errno.js';
import { resolveInRoot } from '../root-path.js';
import { type Account, accountOf } from './accounts.js';
import { OpenDirectory } from './open-directory.js';
import { readUnitCondition, restartIfRunning, setUnitCondition } from './units.js';

export interface NodeMachineOptions {
  /** Where the machine's filesystem is, normally "/". */
  readonly root: string;
  readonly exec: Exec;
  /** Owner of what is under /etc, normally 0. */
  readonly ownerUid: number;
}

const ROOT_GID = 0;

const PATHS: Readonly<Record<Exclude<ManagedFile, `authorized-keys/${string}`>, string>> = {
  hostname: '/etc/hostname',
  hosts: '/etc/hosts',
  timesyncd: '/etc/systemd/timesyncd.conf.d/bramble.conf',
  chrony: '/etc/chrony/sources.d/bramble.sources',
  sysctls: '/etc/sysctl.d/90-bramble.conf',
};

/** What shows that a time service is there, the preferred first. */
const TIME_SERVICES: readonly { readonly service: TimeService; readonly path: string; readonly unit: string }[] = [
  { service: 'chrony', path: '/usr/sbin/chronyd', unit: 'chrony.service' },
  { service: 'timesyncd', path: '/usr/lib/systemd/systemd-timesyncd', unit: 'systemd-timesyncd.service' },
];

/** The machine under `root`. */
export function makeNodeConfigMachine(options: NodeMachineOptions): ConfigMachine {
  const { root, exec } = options;
  const at = (path: string): string => inRoot(root, path);
  const account = async (user: string): Promise<Account | undefined> =>
    accountOf(user, await readFile(at('/etc/passwd'), 'latin1').catch(() => ''));
  const sysctlPath = (name: string): string => join(root, '/proc/sys', ...name.split('.'));
  const files = { ...options, account };
  return {
    read: (file) => withFile(files, file, false, (directory, name) => directory.read(name)),
    write: async (file, text) => {
      await withFile(files, file, text !== undefined, async (directory, name, fresh) => {
        if (text === undefined) await directory.remove(name);
        else await directory.replace(name, text, fresh);
      });
    },
    hasUser: async (user) => (await account(user)) !== undefined,
    hostname: async () => (await readSetting(sysctlPath('kernel.hostname'))) ?? '',
    setHostname: (name) => writeSetting(sysctlPath('kernel.hostname'), name, 'the hostname'),
    sysctl: (name) => readSetting(sysctlPath(name)),
    setSysctl: (name, value) => writeSetting(sysctlPath(name), value, `sysctl ${name}`),
    unit: (name) => readUnitCondition(exec, name),
    setUnit: (name, condition) => setUnitCondition(exec, name, condition),
    timeService: async () => {
      for (const { service, path } of TIME_SERVICES) if (await exists(at(path))) return service;
      return undefined;
    },
    restartTimeService: async (service) => {
      const unit = TIME_SERVICES.find((each) => each.service === service)?.unit;
      if (unit !== undefined) await restartIfRunning(exec, unit);
    },
  };
}

interface FileContext extends NodeMachineOptions {
  account(user: string): Promise<Account | undefined>;
}

interface Fresh {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

type FileWork<T> = (directory: OpenDirectory, name: string, fresh: Fresh) => Promise<T>;

/** `undefined` when its directory is absent and nobody wants it made. */
async function withFile<T>(
  context: FileContext,
  file: ManagedFile,
  make: boolean,
  work: FileWork<T>,
): Promise<T | undefined> {
  const user = userOf(file);
  if (user !== undefined) return withKeysFile(context, user, make, work);
  const { root, ownerUid } = context;
  const path = inRoot(root, PATHS[file as keyof typeof PATHS]); // whatever is no user's is one of these
  if (make) await makeFolder(dirname(path));
  const directory = await OpenDirectory.open(dirname(path), [ownerUid]);
  if (directory === undefined) return undefined;
  try {
    return await work(directory, basename(path), { uid: ownerUid, gid: ROOT_GID, mode: 0o644 });
  } finally {
    await directory.close();
  }
}

/** Readable for everybody, whatever the umask: a time service is no root. */
async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true });
  if (made !== undefined) await chmod(path, 0o755);
}

/** Home directories are their users': nothing in them is trusted to be what it seems. */
async function withKeysFile<T>(
  { root, ownerUid, account }: FileContext,
  user: string,
  make: boolean,
  work: FileWork<T>,
): Promise<T | undefined> {
  const found = await account(user);
  if (found === undefined) throw new BrambleError('not-found', `there is no user ${user}`);
  const owners = [found.uid, ownerUid];
  const home = await OpenDirectory.open(inRoot(root, found.home), owners);
  if (home === undefined) {
    if (!make) return undefined;
    throw new BrambleError('failed-precondition', `user ${user} has no home directory`);
  }
  try {
    const directory = await home.within('.ssh', owners, make ? found : undefined);
    if (directory === undefined) return undefined;
    try {
      return await work(directory, 'authorized_keys', { uid: found.uid, gid: found.gid, mode: 0o600 });
    } finally {
      await directory.close();
    }
  } catch (thrown) {
    const { code, message, hint } = BrambleError.from(thrown);
    const detail = hint === undefined ? { cause: thrown } : { cause: thrown, hint };
    throw new BrambleError(code, `user ${user}: ${message}`, detail);
  } finally {
    await home.close();
  }
}

function inRoot(root: string, path: string): string {
  const resolved = resolveInRoot(root, path);
  if (resolved !== undefined) return resolved;
  throw new BrambleError('failed-precondition', `${path} is a loop of links`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** `undefined` = there is none, or it cannot be read back and so not be restored. */
async function readSetting(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'latin1')).replace(/\n$/, '');
  } catch {
    return undefined; // whatever the reason, it is not managed
  }
}

async function writeSetting(path: string, value: string, what: string): Promise<void> {
  try {
    await writeFile(path, `${value}\n`, { encoding: 'latin1', flag: 'r+' });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EINVAL' || errno === 'ERANGE') {
      throw new BrambleError('failed-precondition', `the kernel refuses ${value} for ${what}`, { cause: error });
    }
    throw errno === undefined ? error : storageError(errno, `setting ${what}`, error);
  }
}
