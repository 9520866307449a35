import { BrambleError } from '../errors.js';
import type { BootSet } from '../netboot/boot-set.js';
import { parseBootSet } from '../netboot/parse.js';
import { visible } from '../visible.js';
import { CONFIG_LIMITS, CONFIG_PARTS, canonicalJson, type NodeConfig, UNIT_WISHES, type UnitWish } from './config.js';
import { parseSshKey } from './ssh-key.js';

/** One label, as RFC 1123 has it: a name with dots would be a claim about DNS. Source: hostname(7). */
const HOSTNAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** Login names, without those that begin with an underscore: nobody logs in as one. Source: adduser(8), NAME_REGEX. */
const USER = /^[a-z][a-z0-9_-]{0,31}$/;
const SERVER = /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$|^[0-9a-fA-F:]{2,39}$/;
const SYSCTL = /^[a-z0-9_]+(?:\.[A-Za-z0-9_-]+){1,8}$/;
const SYSCTL_VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;
/** Source: systemd.unit(5). Begins with a letter or digit: it must never read as an option or a pattern. */
const UNIT = /^[A-Za-z0-9][A-Za-z0-9:_.@-]*\.(?:service|socket|timer|path)$/;
/** Bramble's own units: whoever could stop them could not be told to start them again. */
const OWN_UNIT = /^bramble/;

/**
 * Settings that name a program which the kernel runs as root, that switch protections off, or that cannot be taken back
 * before the next boot. Nobody's list can allow them. Source: Linux Documentation/admin-guide/sysctl/kernel.rst.
 */
const SYSCTLS_NEVER: readonly string[] = [
  'kernel.core_pattern',
  'kernel.hotplug',
  'kernel.modprobe',
  'kernel.poweroff_cmd',
  'kernel.modules_disabled',
  'kernel.kexec_load_disabled',
  'kernel.unprivileged_bpf_disabled',
  'kernel.yama.ptrace_scope',
  'kernel.usermodehelper.bset',
  'kernel.usermodehelper.inheritable',
  'kernel.hostname',
  'fs.protected_symlinks',
  'fs.protected_hardlinks',
  'fs.suid_dumpable',
];

const PROBLEMS_MAX = 20;

/**
 * A config out of JSON or YAML, whoever wrote it.
 * @throws BrambleError `invalid-argument` with every problem in its words
 */
export function parseNodeConfig(value: unknown): NodeConfig {
  const problems: string[] = [];
  const config = readConfig(value, problems);
  if (config !== undefined && problems.length === 0) {
    const { bootSet, ...rest } = config;
    const size = canonicalJson(rest).length;
    const bootSetSize = bootSet === undefined ? 0 : JSON.stringify(bootSet).length;
    const { jsonCharacters, bootSetCharacters } = CONFIG_LIMITS;
    if (size <= jsonCharacters && bootSetSize <= bootSetCharacters) return config;
    if (size > jsonCharacters) problems.push(`it is ${size} characters long, more than ${jsonCharacters}`);
    if (bootSetSize > bootSetCharacters) {
      problems.push(`bootSet is ${bootSetSize} characters long, more than ${bootSetCharacters}`);
    }
  }
  const shown = problems.slice(0, PROBLEMS_MAX).join('; ');
  const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : '';
  throw new BrambleError('invalid-argument', `not a node config: ${shown}${more}`);
}

function readConfig(value: unknown, problems: string[]): NodeConfig | undefined {
  const fields = recordOf(value);
  if (fields === undefined) {
    problems.push('it is not a set of named parts');
    return undefined;
  }
  const known: readonly string[] = CONFIG_PARTS;
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) problems.push(`unknown part ${quote(name)}; there is ${known.join(', ')}`);
  }
  const { hostname, authorizedKeys, ntpServers, sysctls, units, bootSet } = fields;
  return {
    ...(hostname !== undefined && { hostname: readHostname(hostname, problems) }),
    ...(authorizedKeys !== undefined && { authorizedKeys: readKeys(authorizedKeys, problems) }),
    ...(ntpServers !== undefined && { ntpServers: readServers(ntpServers, problems) }),
    ...(sysctls !== undefined && { sysctls: readSysctls(sysctls, problems) }),
    ...(units !== undefined && { units: readUnits(units, problems) }),
    ...(bootSet !== undefined && { bootSet: readBootSet(bootSet, problems) }),
  };
}

/** It has words of its own for what is wrong with it. */
function readBootSet(value: unknown, problems: string[]): BootSet {
  try {
    return parseBootSet(value);
  } catch (thrown) {
    problems.push(`bootSet: ${BrambleError.from(thrown).message}`);
    return { trunk: '', intakeImage: undefined, rescueImage: undefined, ports: [] };
  }
}

function readHostname(value: unknown, problems: string[]): string {
  if (typeof value === 'string' && HOSTNAME.test(value)) return value;
  problems.push(`hostname ${quote(value)} is not 1 to 63 lower-case letters, digits or dashes`);
  return '';
}

function readKeys(value: unknown, problems: string[]): Readonly<Record<string, readonly string[]>> {
  const users = namedParts('authorizedKeys', value, CONFIG_LIMITS.users, problems);
  const lists = users.map(([user, keys]): [string, readonly string[]] => {
    if (!USER.test(user)) problems.push(`authorizedKeys: ${quote(user)} is not the name of a user`);
    return [user, readKeyList(user, keys, problems)];
  });
  return Object.fromEntries(lists);
}

function readKeyList(user: string, value: unknown, problems: string[]): readonly string[] {
  const where = `authorizedKeys.${visible(user, 32)}`;
  const lines = textList(where, value, CONFIG_LIMITS.keysPerUser, problems);
  const seen = new Set<string>();
  lines.forEach((line, index) => {
    const key = parseSshKey(line);
    if (key === undefined) {
      problems.push(`${where}[${index}] is not a public key "type base64 comment" without options`);
    } else if (seen.has(key.base64)) {
      problems.push(`${where}[${index}] is there twice`);
    } else {
      seen.add(key.base64);
    }
  });
  return lines;
}

function readServers(value: unknown, problems: string[]): readonly string[] {
  const servers = textList('ntpServers', value, CONFIG_LIMITS.ntpServers, problems);
  servers.forEach((server, index) => {
    if (!SERVER.test(server)) problems.push(`ntpServers[${index}] ${quote(server)} is neither a name nor an address`);
    else if (servers.indexOf(server) !== index) problems.push(`ntpServers[${index}] ${quote(server)} is there twice`);
  });
  return servers;
}

function readSysctls(value: unknown, problems: string[]): Readonly<Record<string, string>> {
  const parts = namedParts('sysctls', value, CONFIG_LIMITS.sysctls, problems);
  const read = parts.map(([name, given]): [string, string] => {
    if (!SYSCTL.test(name)) problems.push(`sysctls: ${quote(name)} is not a name such as vm.swappiness`);
    else if (SYSCTLS_NEVER.includes(name)) problems.push(`sysctls: ${name} is never set from afar`);
    const text = typeof given === 'number' ? String(given) : given; // as YAML reads "vm.swappiness: 10"
    const isFine =
      typeof text === 'string' && text.length <= CONFIG_LIMITS.sysctlValueCharacters && SYSCTL_VALUE.test(text);
    if (!isFine) problems.push(`sysctls: the value of ${quote(name)} is not a line of printable characters`);
    return [name, typeof text === 'string' ? text : ''];
  });
  return Object.fromEntries(read);
}

function readUnits(value: unknown, problems: string[]): Readonly<Record<string, UnitWish>> {
  const parts = namedParts('units', value, CONFIG_LIMITS.units, problems);
  const read = parts.map(([name, given]): [string, UnitWish] => {
    if (!UNIT.test(name) || name.length > 255) {
      problems.push(`units: ${quote(name)} is not the full name of a service, socket, timer or path unit`);
    } else if (OWN_UNIT.test(name)) {
      problems.push(`units: ${name} is Bramble's own`);
    }
    const wish = UNIT_WISHES.find((each) => each === given);
    if (wish === undefined) problems.push(`units: ${quote(name)} must be ${UNIT_WISHES.join(' or ')}`);
    return [name, wish ?? 'enabled'];
  });
  return Object.fromEntries(read);
}

function namedParts(what: string, value: unknown, max: number, problems: string[]): readonly [string, unknown][] {
  const record = recordOf(value);
  if (record === undefined) {
    problems.push(`${what} is not a set of names`);
    return [];
  }
  const entries = Object.entries(record);
  if (entries.length > max) problems.push(`${what} has more than ${max} names`);
  return entries.slice(0, max);
}

function textList(what: string, value: unknown, max: number, problems: string[]): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const texts = list.filter((each) => typeof each === 'string');
  if (!Array.isArray(value) || texts.length !== list.length) problems.push(`${what} is not a list of texts`);
  if (texts.length > max) problems.push(`${what} has more than ${max} entries`);
  return texts.slice(0, max);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function quote(value: unknown): string {
  return JSON.stringify(visible(typeof value === 'string' ? value : String(value), 64));
}
