import { BrambleError } from '../../../proto/contract/errors.js';
import type { NodeConfig } from '../../../proto/contract/node-config/config.js';
import { renderAuthorizedKeys } from './authorized-keys.js';
import { renderChronySources, renderSysctls, renderTimesyncd } from './drop-ins.js';
import { renderHosts } from './hosts.js';
import { type ConfigAllowance, type ConfigMachine, keysFile, type ManagedFile, type TimeService } from './machine.js';
import type { Step } from './steps.js';

/** What the machine is now, as far as a config is about it. */
export interface Actual {
  readonly hostname: string;
  /** `undefined` = there is no such file. */
  readonly files: ReadonlyMap<ManagedFile, string | undefined>;
  readonly users: ReadonlySet<string>;
  readonly sysctls: ReadonlyMap<string, string | undefined>;
  readonly units: ReadonlyMap<string, UnitLook>;
  readonly timeService: TimeService | undefined;
}

type UnitLook = { readonly enabled: boolean | undefined; readonly running: boolean } | BrambleError;

/** Looks at what the config is about, and at nothing else. @throws BrambleError of the machine */
export async function lookAt(
  machine: ConfigMachine,
  config: NodeConfig,
  { users: allowedUsers }: Pick<ConfigAllowance, 'users'>,
): Promise<Actual> {
  const files = new Map<ManagedFile, string | undefined>();
  const look = async (file: ManagedFile): Promise<void> => {
    files.set(file, await machine.read(file));
  };
  if (config.hostname !== undefined) for (const file of ['hostname', 'hosts'] as const) await look(file);
  const users = new Set<string>();
  if (config.authorizedKeys !== undefined) {
    for (const user of allowedUsers) {
      if (!(await machine.hasUser(user))) continue;
      users.add(user);
      await look(keysFile(user));
    }
  }
  const timeService = config.ntpServers === undefined ? undefined : await machine.timeService();
  if (timeService !== undefined) await look(timeService);
  if (config.sysctls !== undefined) await look('sysctls');
  const sysctls = new Map<string, string | undefined>();
  for (const name of Object.keys(config.sysctls ?? {})) sysctls.set(name, await machine.sysctl(name));
  const units = new Map<string, UnitLook>();
  for (const name of Object.keys(config.units ?? {})) units.set(name, await lookAtUnit(machine, name));
  const hostname = config.hostname === undefined ? '' : await machine.hostname();
  return { hostname, files, users, sysctls, units, timeService };
}

async function lookAtUnit(machine: ConfigMachine, name: string): Promise<UnitLook> {
  try {
    return await machine.unit(name);
  } catch (thrown) {
    return BrambleError.from(thrown); // told with the other problems
  }
}

/**
 * Steps from what is to what should be, in the order in which they are taken; none when it is so already.
 * @throws BrambleError `failed-precondition` naming everything that this machine cannot be
 */
export function planSteps(config: NodeConfig, actual: Actual): readonly Step[] {
  const problems: string[] = [];
  const steps = [
    ...planHostname(config, actual),
    ...planKeys(config, actual, problems),
    ...planTime(config, actual, problems),
    ...planSysctls(config, actual, problems),
    ...planUnits(config, actual, problems),
  ];
  if (problems.length === 0) return steps;
  throw new BrambleError('failed-precondition', `this machine cannot be so: ${problems.join('; ')}`);
}

function fileStep(actual: Actual, file: ManagedFile, after: string | undefined): readonly Step[] {
  const before = actual.files.get(file);
  if (before === after) return [];
  return [{ kind: 'file', file, before: before ?? null, after: after ?? null }];
}

function planHostname({ hostname }: NodeConfig, actual: Actual): readonly Step[] {
  if (hostname === undefined) return [];
  const former = actual.files.get('hostname')?.trim() ?? '';
  const hosts = renderHosts(actual.files.get('hosts'), former, hostname);
  return [
    ...(former === hostname ? [] : fileStep(actual, 'hostname', `${hostname}\n`)),
    ...fileStep(actual, 'hosts', hosts),
    ...(actual.hostname === hostname
      ? []
      : [{ kind: 'hostname', before: actual.hostname, after: hostname } satisfies Step]),
  ];
}

/** Users who are allowed and not named have no keys in Bramble's part: a name that was taken off the list counts. */
function planKeys({ authorizedKeys }: NodeConfig, actual: Actual, problems: string[]): readonly Step[] {
  if (authorizedKeys === undefined) return [];
  for (const user of Object.keys(authorizedKeys)) {
    if (!actual.users.has(user)) problems.push(`it has no user ${user}`);
  }
  return [...actual.users].flatMap((user) => {
    const keys = Object.hasOwn(authorizedKeys, user) ? (authorizedKeys[user] ?? []) : [];
    const file = keysFile(user);
    try {
      return fileStep(actual, file, renderAuthorizedKeys(actual.files.get(file), keys));
    } catch (thrown) {
      problems.push(`user ${user}: ${BrambleError.from(thrown).message}`);
      return [];
    }
  });
}

function planTime({ ntpServers }: NodeConfig, actual: Actual, problems: string[]): readonly Step[] {
  if (ntpServers === undefined) return [];
  const { timeService: service } = actual;
  if (service === undefined) {
    problems.push('it has neither chrony nor systemd-timesyncd');
    return [];
  }
  const text = service === 'chrony' ? renderChronySources(ntpServers) : renderTimesyncd(ntpServers);
  const step = fileStep(actual, service, text);
  return step.length === 0 ? [] : [...step, { kind: 'time-service', service }];
}

function planSysctls({ sysctls }: NodeConfig, actual: Actual, problems: string[]): readonly Step[] {
  if (sysctls === undefined) return [];
  const running = Object.entries(sysctls).flatMap(([name, after]): Step[] => {
    const before = actual.sysctls.get(name);
    if (before === undefined) {
      problems.push(`its kernel has no sysctl ${name}`);
      return [];
    }
    return oneSpaced(before) === oneSpaced(after) ? [] : [{ kind: 'sysctl', name, before, after }];
  });
  return [...fileStep(actual, 'sysctls', renderSysctls(sysctls)), ...running];
}

/** The kernel shows lists with tabs between their numbers. */
const oneSpaced = (value: string): string => value.trim().replace(/\s+/g, ' ');

function planUnits({ units }: NodeConfig, actual: Actual, problems: string[]): readonly Step[] {
  return Object.entries(units ?? {}).flatMap(([unit, wish]): Step[] => {
    const before = actual.units.get(unit);
    if (before === undefined || before instanceof BrambleError) {
      problems.push(`unit ${unit}: ${before?.message ?? 'not looked at'}`);
      return [];
    }
    const isWanted = wish === 'enabled';
    const after = { enabled: before.enabled === undefined ? undefined : isWanted, running: isWanted };
    const isSo = before.enabled === after.enabled && before.running === after.running;
    return isSo ? [] : [{ kind: 'unit', unit, before, after }];
  });
}
