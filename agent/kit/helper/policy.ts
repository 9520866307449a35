import { BrambleError } from '../../../proto/contract/errors.js';
import { isMountPoint } from '../../../proto/contract/mount-point.js';
import { parseAllowance } from '../node-config/allowance.js';
import { type ConfigAllowance, NOTHING_ALLOWED } from '../node-config/machine.js';

/** What root allows the agent's user to ask for. Root's own file: the agent can neither write nor widen it. */
export interface HelperPolicy {
  /** Who may ask: a user name of /etc/passwd, or a uid. Root always may. */
  readonly user: string | number;
  /** Units that may be restarted, by their exact names. */
  readonly units: readonly string[];
  readonly reboot: boolean;
  /** Mount points that may be remounted, writable or read-only. */
  readonly mounts: readonly string[];
  readonly stepClock: boolean;
  readonly identify: boolean;
  /** Units whose journal may be read. */
  readonly journal: readonly string[];
  readonly kernelLog: boolean;
  /** Whether SMART values, thin pools and superblocks of md members may be read. */
  readonly storage: boolean;
  /** Whether tables of our own may count packets, and be read. */
  readonly traffic: boolean;
  /** Whether the tunnel of this node may be put in place. */
  readonly tunnel: boolean;
  /** md arrays that may be changed. */
  readonly raid: readonly string[];
  /** What node configs may manage; nothing when the file does not say. */
  readonly config: ConfigAllowance;
}

const LISTS = ['units', 'mounts', 'journal', 'raid'] as const;
const SWITCHES = ['reboot', 'stepClock', 'identify', 'kernelLog', 'storage', 'traffic', 'tunnel'] as const;

const HINT = 'it looks like {"user": "bramble-agent", "units": ["ssh.service"], "reboot": true}';

/**
 * All but the user may be left out: what root does not name is not allowed.
 * @throws BrambleError `failed-precondition` naming everything that is wrong with the file
 */
export function parsePolicy(text: string, path: string): HelperPolicy {
  const fields = parseObject(text, path);
  const problems: string[] = [];
  const known: readonly string[] = ['user', ...LISTS, ...SWITCHES, 'config'];
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) problems.push(`unknown field ${JSON.stringify(name)}`);
  }
  const user = userOf(fields['user']);
  if (user === undefined) problems.push('user must be a name or a uid');
  const list = (name: (typeof LISTS)[number]): readonly string[] => {
    const value = Object.hasOwn(fields, name) ? fields[name] : [];
    const names = Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
    if (!Array.isArray(value) || names.length !== value.length) problems.push(`${name} must be a list of names`);
    return names;
  };
  const isOn = (name: (typeof SWITCHES)[number]): boolean => {
    const value = Object.hasOwn(fields, name) ? fields[name] : false;
    if (typeof value !== 'boolean') problems.push(`${name} must be true or false`);
    return value === true;
  };
  const allowed = {
    units: list('units'),
    reboot: isOn('reboot'),
    mounts: list('mounts'),
    stepClock: isOn('stepClock'),
    identify: isOn('identify'),
    journal: list('journal'),
    kernelLog: isOn('kernelLog'),
    storage: isOn('storage'),
    traffic: isOn('traffic'),
    tunnel: isOn('tunnel'),
    raid: list('raid'),
    config: Object.hasOwn(fields, 'config') ? parseAllowance(fields['config'], problems) : NOTHING_ALLOWED,
  };
  for (const mount of allowed.mounts) {
    if (!isMountPoint(mount)) problems.push(`mounts: ${JSON.stringify(mount.slice(0, 64))} is no mount point`);
  }
  if (problems.length > 0 || user === undefined) throw unusable(path, problems.join('; '));
  return { user, ...allowed };
}

function userOf(value: unknown): string | number | undefined {
  if (typeof value === 'string' && value !== '') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Uid of a user in the text of /etc/passwd; `undefined` when it is not there. Source: passwd(5). */
export function uidOf(user: string, passwd: string): number | undefined {
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === user);
  return fields?.[2] !== undefined && /^\d+$/.test(fields[2]) ? Number(fields[2]) : undefined;
}

function parseObject(text: string, path: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unusable(path, 'not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unusable(path, 'not a JSON object');
  return { ...value };
}

function unusable(path: string, why: string, cause?: unknown): BrambleError {
  return new BrambleError('failed-precondition', `${path} cannot be used: ${why}`, { hint: HINT, cause });
}
