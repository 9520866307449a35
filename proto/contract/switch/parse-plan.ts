import { BrambleError } from '../errors.js';
import {
  type BondPlan,
  BRIDGE_STYLES,
  type ManagementAddress,
  type ManagementPlan,
  orderedPlan,
  type PortPlan,
  type PortRole,
  SPANNING_TREES,
  SWITCH_LIMITS,
  type SwitchPlan,
} from './plan.js';
import { parseVlans, renderVlans } from './ranges.js';

/** As the kernel and ifupdown2 take it (IFNAMSIZ), without a dot: that would be a VLAN of another interface. */
const INTERFACE = /^[a-z][a-z0-9_-]{0,14}$/;
/** Nothing that a file of options could read as more: no line end, no quote, no backslash, no "#", no colon. */
const NOTE = /^[A-Za-z0-9][A-Za-z0-9 ._,()+-]*$/;
const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}|[0-9a-f:]{2,39}\/\d{1,3})$/;
const GATEWAY = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:]{2,39})$/;

const PROBLEMS_MAX = 20;

/**
 * A plan out of JSON or YAML, whoever wrote it. VLANs are a number, a list of them, or a text such as "10-57 131".
 * Only its form is judged: whether it is a good idea, the preflight says.
 * @throws BrambleError `invalid-argument` with every problem in its words
 */
export function parseSwitchPlan(value: unknown): SwitchPlan {
  const reader = new Reader();
  const plan = readPlan(reader, reader.fields('', value, PLAN_FIELDS));
  if (reader.problems.length === 0) return orderedPlan(plan);
  const shown = reader.problems.slice(0, PROBLEMS_MAX).join('; ');
  const more = reader.problems.length > PROBLEMS_MAX ? `; and ${reader.problems.length - PROBLEMS_MAX} more` : '';
  throw new BrambleError('invalid-argument', `not a plan of a switch: ${shown}${more}`);
}

/** The form in which plans travel and are kept: equal for plans that mean the same. */
export function renderSwitchPlan(plan: SwitchPlan): string {
  return JSON.stringify(writePlan(orderedPlan(plan)));
}

type Fields = Readonly<Record<string, unknown>>;

const PLAN_FIELDS = [
  'style',
  'spanningTree',
  'management',
  'storageVlans',
  'reservedVlans',
  'bonds',
  'ports',
  'bridgeNames',
] as const;

function readPlan(reader: Reader, fields: Fields): SwitchPlan {
  const vlans = reader.vlans('storageVlans', fields['storageVlans']);
  return {
    style: reader.oneOf('style', fields['style'], BRIDGE_STYLES),
    spanningTree: reader.oneOf('spanningTree', fields['spanningTree'] ?? 'off', SPANNING_TREES),
    management: readManagement(reader, fields['management']),
    storageVlans: { from: vlans[0] ?? 0, to: vlans.at(-1) ?? 0 },
    reservedVlans: reader.vlans('reservedVlans', fields['reservedVlans'] ?? []),
    bonds: reader
      .named('bonds', fields['bonds'] ?? {}, SWITCH_LIMITS.bonds)
      .map(([name, bond]) => readBond(reader, name, bond)),
    ports: reader
      .named('ports', fields['ports'], SWITCH_LIMITS.ports)
      .map(([name, port]) => readPort(reader, name, port)),
    bridgeNames: readBridgeNames(reader, fields['bridgeNames'] ?? {}),
  };
}

function readManagement(reader: Reader, value: unknown): ManagementPlan {
  const fields = reader.fields('management', value, ['name', 'address', 'gateway']);
  const name = reader.interfaceName('management.name', fields['name']);
  if (fields['address'] === 'dhcp') return { name, address: { kind: 'dhcp' } };
  const address: ManagementAddress = {
    kind: 'static',
    address: reader.text('management.address', fields['address'], ADDRESS),
    gateway: fields['gateway'] === undefined ? '' : reader.text('management.gateway', fields['gateway'], GATEWAY),
  };
  return { name, address };
}

function readPort(reader: Reader, name: string, value: unknown): PortPlan {
  const where = `ports.${name.slice(0, 16)}`;
  reader.interfaceName('ports', name);
  const fields = reader.fields(where, value, ['role', 'note', 'storageVlan', 'vlan', 'vlans', 'untaggedVlan', 'bond']);
  return { name, note: reader.note(where, fields['note']), role: readRole(reader, where, fields) };
}

function readRole(reader: Reader, where: string, fields: Fields): PortRole {
  const kinds = ['pi', 'access', 'fileserver', 'uplink', 'member', 'unused'] as const;
  const kind = reader.oneOf(`${where}.role`, fields['role'], kinds);
  const wanted = {
    pi: ['storageVlan', 'vlans'],
    access: ['vlan'],
    fileserver: ['vlans'],
    uplink: ['vlans', 'untaggedVlan'],
    member: ['bond'],
    unused: [],
  } as const satisfies Record<PortRole['kind'], readonly string[]>;
  const allowed: readonly string[] = ['role', 'note', ...wanted[kind]];
  for (const name of Object.keys(fields)) {
    if (!allowed.includes(name)) reader.problem(`${where}: a port with role ${kind} has no ${name}`);
  }
  const vlans = () => reader.vlans(`${where}.vlans`, fields['vlans'] ?? []);
  switch (kind) {
    case 'pi':
      return { kind, storageVlan: reader.vlan(`${where}.storageVlan`, fields['storageVlan']), publicVlans: vlans() };
    case 'access':
      return { kind, vlan: reader.vlan(`${where}.vlan`, fields['vlan']) };
    case 'fileserver':
      return { kind, vlans: vlans() };
    case 'uplink': {
      const untagged = fields['untaggedVlan'];
      const untaggedVlan = untagged === undefined ? undefined : reader.vlan(`${where}.untaggedVlan`, untagged);
      return { kind, vlans: vlans(), untaggedVlan };
    }
    case 'member':
      return { kind, bond: reader.interfaceName(`${where}.bond`, fields['bond']) };
    case 'unused':
      return { kind };
  }
}

function readBond(reader: Reader, name: string, value: unknown): BondPlan {
  const where = `bonds.${name.slice(0, 16)}`;
  reader.interfaceName('bonds', name);
  const fields = reader.fields(where, value, ['role', 'note', 'vlans', 'untaggedVlan']);
  const role = readRole(reader, where, fields);
  const note = reader.note(where, fields['note']);
  if (role.kind === 'fileserver' || role.kind === 'uplink') return { name, note, role };
  reader.problem(`${where}: a bond is a fileserver or an uplink`);
  return { name, note, role: { kind: 'fileserver', vlans: [] } };
}

function readBridgeNames(reader: Reader, value: unknown): Readonly<Record<string, string>> {
  const names = reader.named('bridgeNames', value, SWITCH_LIMITS.vlansPerPort).map(([vlan, name]): [string, string] => {
    reader.vlan('bridgeNames', Number(vlan));
    return [vlan, reader.interfaceName(`bridgeNames.${vlan.slice(0, 8)}`, name)];
  });
  return Object.fromEntries(names);
}

function writePlan(plan: SwitchPlan): unknown {
  const { management, storageVlans, reservedVlans, bonds, ports, ...rest } = plan;
  const { address } = management;
  return {
    ...rest,
    management:
      address.kind === 'dhcp'
        ? { name: management.name, address: 'dhcp' }
        : {
            name: management.name,
            address: address.address,
            ...(address.gateway !== '' && { gateway: address.gateway }),
          },
    storageVlans: `${storageVlans.from}-${storageVlans.to}`,
    reservedVlans: renderVlans(reservedVlans),
    bonds: Object.fromEntries(bonds.map(({ name, note, role }) => [name, writeRole(role, note)])),
    ports: Object.fromEntries(ports.map(({ name, note, role }) => [name, writeRole(role, note)])),
  };
}

function writeRole(role: PortRole, note: string): unknown {
  const noted = note === '' ? {} : { note };
  switch (role.kind) {
    case 'pi':
      return { role: 'pi', ...noted, storageVlan: role.storageVlan, vlans: renderVlans(role.publicVlans) };
    case 'access':
      return { role: 'access', ...noted, vlan: role.vlan };
    case 'fileserver':
      return { role: 'fileserver', ...noted, vlans: renderVlans(role.vlans) };
    case 'uplink': {
      const untagged = role.untaggedVlan === undefined ? {} : { untaggedVlan: role.untaggedVlan };
      return { role: 'uplink', ...noted, vlans: renderVlans(role.vlans), ...untagged };
    }
    case 'member':
      return { role: 'member', ...noted, bond: role.bond };
    case 'unused':
      return { role: 'unused', ...noted };
  }
}

/** Collects every problem; what could not be read is something harmless that nobody sees. */
class Reader {
  readonly problems: string[] = [];

  problem(words: string): void {
    this.problems.push(words);
  }

  fields(where: string, value: unknown, known: readonly string[]): Fields {
    const fields = recordOf(value);
    if (fields === undefined) this.problem(`${where || 'it'} is not a set of named parts`);
    for (const name of Object.keys(fields ?? {})) {
      if (!known.includes(name)) this.problem(`${where === '' ? '' : `${where}: `}unknown part ${quote(name)}`);
    }
    return fields ?? {};
  }

  named(where: string, value: unknown, max: number): readonly [string, unknown][] {
    const entries = Object.entries(recordOf(value) ?? {});
    if (recordOf(value) === undefined) this.problem(`${where} is not a set of named parts`);
    if (entries.length > max) this.problem(`${where}: more than ${max}`);
    return entries.slice(0, max);
  }

  oneOf<Word extends string>(where: string, value: unknown, words: readonly [Word, ...Word[]]): Word {
    const word = words.find((each) => each === value);
    if (word === undefined) this.problem(`${where} ${quote(value)} is not ${words.join(', ')}`);
    return word ?? words[0];
  }

  interfaceName(where: string, value: unknown): string {
    return this.text(where, value, INTERFACE);
  }

  text(where: string, value: unknown, form: RegExp): string {
    if (typeof value === 'string' && form.test(value)) return value;
    this.problem(`${where}: ${quote(value)} is not of its form`);
    return '';
  }

  note(where: string, value: unknown): string {
    if (value === undefined || value === '') return '';
    const note = this.text(`${where}.note`, value, NOTE);
    if (note.length <= SWITCH_LIMITS.noteCharacters && note === note.trim() && !note.includes('  ')) return note;
    this.problem(`${where}.note is longer than ${SWITCH_LIMITS.noteCharacters} characters, or has odd blanks`);
    return '';
  }

  vlan(where: string, value: unknown): number {
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= SWITCH_LIMITS.vlan) return value;
    this.problem(`${where}: ${quote(value)} is no VLAN`);
    return 1;
  }

  vlans(where: string, value: unknown): readonly number[] {
    if (typeof value === 'number') return [this.vlan(where, value)];
    if (Array.isArray(value))
      return this.#bounded(
        where,
        value.map((each) => this.vlan(where, each)),
      );
    const vlans = typeof value === 'string' ? parseVlans(value) : undefined;
    if (vlans !== undefined) return this.#bounded(where, vlans);
    this.problem(`${where}: ${quote(value)} is no list of VLANs`);
    return [];
  }

  #bounded(where: string, vlans: readonly number[]): readonly number[] {
    const isStorage = where === 'storageVlans';
    if (vlans.length > SWITCH_LIMITS.vlansPerPort && !isStorage) {
      this.problem(`${where}: more than ${SWITCH_LIMITS.vlansPerPort} VLANs`);
    }
    return vlans;
  }
}

function recordOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
}

function quote(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 60);
}
