import type { BootBoard, BootPort, BootSet } from '../netboot/boot-set.js';
import type { NodeConfig } from './config.js';
import { describeSshKey } from './ssh-key.js';

/** What changes between two configs, one sentence per change; empty when they say the same. */
export function diffNodeConfigs(before: NodeConfig, after: NodeConfig): readonly string[] {
  return [
    ...diffValue('hostname', before.hostname, after.hostname),
    ...diffKeys(before.authorizedKeys, after.authorizedKeys),
    ...diffServers(before.ntpServers, after.ntpServers),
    ...diffNamed('sysctl', 'sysctls', before.sysctls, after.sysctls),
    ...diffNamed('unit', 'units', before.units, after.units),
    ...diffBootSets(before.bootSet, after.bootSet),
  ];
}

function diffBootSets(before: BootSet | undefined, after: BootSet | undefined): readonly string[] {
  const words = [...diffManaged('boot ports', before, after)];
  if (after === undefined) return words;
  const value = (what: string, had: string | undefined, has: string | undefined): void => {
    if (had !== has) words.push(`${what}: ${had ?? 'none'} -> ${has ?? 'none'}`);
  };
  value('trunk', before?.trunk, after.trunk);
  value('intake image', before?.intakeImage, after.intakeImage);
  value('rescue image', before?.rescueImage, after.rescueImage);
  const byVlan = (set: BootSet | undefined): ReadonlyMap<number, BootPort> =>
    new Map(set?.ports.map((port) => [port.vlan, port]));
  const [had, has] = [byVlan(before), byVlan(after)];
  for (const vlan of [...new Set([...had.keys(), ...has.keys()])].sort((a, b) => a - b)) {
    words.push(...diffPorts(`boot port ${vlan}`, had.get(vlan), has.get(vlan)));
  }
  return words;
}

function diffPorts(what: string, before: BootPort | undefined, after: BootPort | undefined): readonly string[] {
  if (after === undefined) return [`${what}: removed`];
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const board = after.board === undefined ? 'nobody is expected' : boardWords(after.board);
  return [`${what}: ${after.server}, ${board}${before === undefined ? '' : ' (changed)'}`];
}

function boardWords({ serial, hostname, mode }: BootBoard): string {
  return `board ${serial} as ${hostname}, ${mode}`;
}

function diffValue(what: string, before: string | undefined, after: string | undefined): readonly string[] {
  if (before === after) return [];
  if (after === undefined) return [`${what}: no longer managed, stays as it is (${before ?? ''})`];
  return [before === undefined ? `${what}: managed from now on, ${after}` : `${what}: ${before} -> ${after}`];
}

/** The sentence for a part that begins or ceases to be managed. */
function diffManaged(what: string, before: unknown, after: unknown): readonly string[] {
  if (before === undefined && after !== undefined) return [`${what}: managed from now on`];
  if (before !== undefined && after === undefined) return [`${what}: no longer managed, stay as they are`];
  return [];
}

function diffKeys(before: NodeConfig['authorizedKeys'], after: NodeConfig['authorizedKeys']): readonly string[] {
  const words = [...diffManaged('authorized keys', before, after)];
  if (after === undefined) return words;
  const users = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].sort();
  for (const user of users) {
    const [had, has] = [ownList(before, user), ownList(after, user)];
    for (const key of has) if (!had.includes(key)) words.push(`authorized keys of ${user}: + ${describeSshKey(key)}`);
    for (const key of had) if (!has.includes(key)) words.push(`authorized keys of ${user}: - ${describeSshKey(key)}`);
  }
  return words;
}

function ownList(keys: NodeConfig['authorizedKeys'], user: string): readonly string[] {
  return keys !== undefined && Object.hasOwn(keys, user) ? (keys[user] ?? []) : [];
}

function diffServers(before: NodeConfig['ntpServers'], after: NodeConfig['ntpServers']): readonly string[] {
  if (after === undefined || before === undefined) {
    const managed = diffManaged('ntp servers', before, after);
    return after === undefined || managed.length === 0 ? managed : [`${managed[0] ?? ''}, ${listed(after)}`];
  }
  return before.join(' ') === after.join(' ') ? [] : [`ntp servers: ${listed(before)} -> ${listed(after)}`];
}

const listed = (servers: readonly string[]): string => (servers.length === 0 ? 'none' : servers.join(' '));

type Named = Readonly<Record<string, string>> | undefined;

function diffNamed(one: string, many: string, before: Named, after: Named): readonly string[] {
  const words = [...diffManaged(many, before, after)];
  if (after === undefined) return words;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after)])].sort();
  for (const name of names) {
    const [had, has] = [ownText(before, name), ownText(after, name)];
    if (had === has) continue;
    if (has === undefined) words.push(`${one} ${name}: no longer managed`);
    else words.push(`${one} ${name}: ${had === undefined ? '' : `${had} -> `}${has}`);
  }
  return words;
}

function ownText(named: Named, name: string): string | undefined {
  return named !== undefined && Object.hasOwn(named, name) ? named[name] : undefined;
}
