import type { DriverName } from '../../agent/kit/roots/ports.js';
import { BrambleError } from '../../proto/contract/errors.js';
import { isMountPoint } from '../../proto/contract/mount-point.js';
import type { BootSet } from '../../proto/contract/netboot/boot-set.js';
import { isInNetwork, parseNetwork, type StorageNetwork } from '../../proto/contract/netboot/subnet.js';

/** Root's own file: where roots may be kept, and which ports boards may boot from. The controller cannot change it. */
export const ROOTS_POLICY_PATH = '/etc/bramble/roots.json';

export interface RootsPolicy {
  /** Absolute path; the filesystem there is mounted nosuid,nodev. */
  readonly pool: string;
  readonly driver: DriverName | 'auto';
  /** "group/pool" of LVM; `undefined` = none. */
  readonly thinPool: { readonly group: string; readonly thinPool: string } | undefined;
  /** Interface that carries the VLANs of all ports. */
  readonly trunk: string;
  /** Every port's /30 is in it. */
  readonly network: StorageNetwork;
  /** State of the agent: images are read from there, and verified before anything of them is used. */
  readonly stateDir: string;
  /** Where /etc, /export, /var and /run of the boot path are; empty = where they always are. */
  readonly system: string;
  /** Who keeps the daemons: `programs` = nobody, they are told by their own programs; `none` = somebody else, they are told nothing. */
  readonly services: (typeof SERVICES)[number];
  /** So many boards are served another root within an hour, or lose theirs, whatever a controller signs; the way back is not counted. */
  readonly changesPerHour: number;
}

const FIELDS = ['pool', 'driver', 'thinPool', 'trunk', 'network', 'stateDir', 'system', 'services', 'changesPerHour'];
const SERVICES = ['systemd', 'programs', 'none'] as const;
const DRIVERS = ['auto', 'lvm-thin', 'btrfs', 'reflink', 'copy'] as const;
/** Every board of a full fileserver once, and some of them again. */
const CHANGES_PER_HOUR = 120;
const STATE_DIR = '/var/lib/bramble-fileserver-agent';
/** Source: lvm(8), VALID NAMES; none begins with a dash. */
const THIN_POOL = /^([A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,62})\/([A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,62})$/;
/** As a boot set has it. */
const TRUNK = /^[a-z][a-z0-9-]{0,9}$/;
const HINT = 'it looks like {"pool": "/srv/bramble", "trunk": "eth0", "network": "10.46.188.0/23"}';

/** @throws BrambleError `failed-precondition` naming everything that is wrong with the file */
export function parseRootsPolicy(text: string, path = ROOTS_POLICY_PATH): RootsPolicy {
  const problems: string[] = [];
  const fields = fieldsOf(text, problems);
  for (const name of Object.keys(fields)) {
    if (!FIELDS.includes(name)) problems.push(`unknown field ${JSON.stringify(name)}`);
  }
  const { thinPool, trunk, network } = fields;
  const folder = (name: string, value: unknown): string => {
    if (typeof value === 'string' && isMountPoint(value)) return value;
    problems.push(`${name} must be an absolute path without anything special`);
    return '';
  };
  const driver = DRIVERS.find((each) => each === (fields['driver'] ?? 'auto'));
  if (driver === undefined) problems.push(`driver must be ${DRIVERS.join(', ')}`);
  const [, group, name] = typeof thinPool === 'string' ? (THIN_POOL.exec(thinPool) ?? []) : [];
  if (thinPool !== undefined && group === undefined) problems.push('thinPool must be "group/pool"');
  if (typeof trunk !== 'string' || !TRUNK.test(trunk)) problems.push('trunk must be the name of an interface');
  const parsed = typeof network === 'string' ? parseNetwork(network) : undefined;
  if (parsed === undefined) problems.push('network must be an IPv4 network such as "10.46.188.0/23"');
  const services = SERVICES.find((each) => each === (fields['services'] ?? 'systemd'));
  if (services === undefined) problems.push(`services must be ${SERVICES.join(' or ')}`);
  const changesPerHour = fields['changesPerHour'] ?? CHANGES_PER_HOUR;
  if (!isCount(changesPerHour)) problems.push('changesPerHour must be a whole number from 1 to 9999');
  const policy = {
    pool: folder('pool', fields['pool']),
    driver: driver ?? 'auto',
    thinPool: group === undefined || name === undefined ? undefined : { group, thinPool: name },
    trunk: String(trunk),
    network: parsed ?? { first: 0, last: 0 },
    stateDir: folder('stateDir', fields['stateDir'] ?? STATE_DIR),
    system: fields['system'] === undefined ? '' : folder('system', fields['system']),
    services: services ?? 'systemd',
    changesPerHour: Number(changesPerHour),
  };
  if (problems.length === 0) return policy;
  throw new BrambleError('failed-precondition', `${path} cannot be used: ${problems.join('; ')}`, { hint: HINT });
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 9_999;
}

/**
 * Whoever sends ports does not choose what they are: not another interface, no address that is somebody else's.
 * @throws BrambleError `permission-denied`
 */
export function refusePorts({ trunk, network }: RootsPolicy, set: BootSet): void {
  const strange = set.ports.find(({ server }) => !isInNetwork(network, server));
  const why =
    set.trunk === trunk
      ? strange && `${strange.server} is not in the network of its boards`
      : `its trunk is ${trunk}, not ${set.trunk}`;
  if (why === undefined) return;
  throw new BrambleError('permission-denied', `this fileserver takes no such ports: ${why}`, {
    hint: `root may change ${ROOTS_POLICY_PATH} there`,
  });
}

function fieldsOf(text: string, problems: string[]): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Said below.
  }
  problems.push('not a JSON object');
  return {};
}
