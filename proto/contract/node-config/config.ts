import type { BootSet } from '../netboot/boot-set.js';

/**
 * What of a node's own configuration the controller may manage. An absent part is not managed and left as it is; a part
 * that is present and empty is managed, and empty.
 */
export interface NodeConfig {
  readonly hostname?: string;
  /**
   * Public keys by user: what the part of authorized_keys that Bramble keeps holds. A user whom the node allows and who
   * is not named has none in it; lines outside of that part stay.
   */
  readonly authorizedKeys?: Readonly<Record<string, readonly string[]>>;
  /** Names or addresses, the preferred first. */
  readonly ntpServers?: readonly string[];
  /** Kernel settings by name, with dots. */
  readonly sysctls?: Readonly<Record<string, string>>;
  /** systemd units by full name. */
  readonly units?: Readonly<Record<string, UnitWish>>;
  /** Of a fileserver: its ports, and which board may boot from each. */
  readonly bootSet?: BootSet;
}

/** `enabled`: enabled and running. `disabled`: disabled and stopped. */
export type UnitWish = (typeof UNIT_WISHES)[number];
export const UNIT_WISHES = ['enabled', 'disabled'] as const;

/** Parts in the order in which they are checked, shown and applied. */
export const CONFIG_PARTS = [
  'hostname',
  'authorizedKeys',
  'ntpServers',
  'sysctls',
  'units',
  'bootSet',
] as const satisfies readonly (keyof NodeConfig)[];

export const CONFIG_LIMITS = {
  users: 16,
  keysPerUser: 64,
  keyCharacters: 2_048,
  ntpServers: 8,
  sysctls: 64,
  sysctlValueCharacters: 256,
  units: 32,
  /** Of the whole but the boot set, and of the boot set alone, as JSON; what carries them has room for both. */
  jsonCharacters: 48 * 1024,
  bootSetCharacters: 160 * 1024,
} as const;

/** True when the two say the same, whatever the order of their names. */
export function isSameConfig(a: NodeConfig, b: NodeConfig): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** One text for one meaning: parts and names sorted. */
export function canonicalJson(config: NodeConfig): string {
  const sorted = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, part]) => part !== undefined)
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, part]) => [name, sorted(part)]),
        )
      : value;
  return JSON.stringify(sorted(config));
}
