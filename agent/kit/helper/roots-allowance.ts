import { isMountPoint } from '../../../proto/contract/mount-point.js';
import type { DriverName } from '../roots/ports.js';

/** Where root lets roots be kept, and how. */
export interface RootsAllowance {
  /** Absolute path; the filesystem there is mounted nosuid,nodev. */
  readonly pool: string;
  readonly driver: DriverName | 'auto';
  /** "group/pool" of LVM; `undefined` = none. */
  readonly thinPool: { readonly group: string; readonly thinPool: string } | undefined;
  /** Root's own file with the ports and boards of this fileserver. */
  readonly bootSetPath: string;
}

const DRIVERS = ['auto', 'lvm-thin', 'btrfs', 'reflink', 'copy'] as const;
const BOOT_SET_PATH = '/etc/bramble/boot-set.json';
/** Source: lvm(8), VALID NAMES; none begins with a dash. */
const THIN_POOL = /^([A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,62})\/([A-Za-z0-9+_.][A-Za-z0-9+_.-]{0,62})$/;

/** Of a policy file; adds to `problems` what is wrong. */
export function parseRootsAllowance(value: unknown, problems: string[]): RootsAllowance | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push('roots must be an object');
    return undefined;
  }
  const fields: Readonly<Record<string, unknown>> = { ...value };
  for (const name of Object.keys(fields)) {
    if (!['pool', 'driver', 'thinPool'].includes(name))
      problems.push(`unknown field ${JSON.stringify(`roots.${name}`)}`);
  }
  const { pool, thinPool } = fields;
  const driver = DRIVERS.find((each) => each === (fields['driver'] ?? 'auto'));
  if (driver === undefined) problems.push(`roots.driver must be ${DRIVERS.join(', ')}`);
  const [, group, name] = typeof thinPool === 'string' ? (THIN_POOL.exec(thinPool) ?? []) : [];
  if (thinPool !== undefined && group === undefined) problems.push('roots.thinPool must be "group/pool"');
  if (typeof pool !== 'string' || !isMountPoint(pool)) {
    problems.push('roots.pool must be an absolute path without anything special');
    return undefined;
  }
  return {
    pool,
    driver: driver ?? 'auto',
    thinPool: group === undefined || name === undefined ? undefined : { group, thinPool: name },
    bootSetPath: BOOT_SET_PATH,
  };
}
