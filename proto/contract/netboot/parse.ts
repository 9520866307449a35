import { BrambleError } from '../errors.js';
import { parseSshKey } from '../node-config/ssh-key.js';
import { visible } from '../visible.js';
import { BOARD_CLASS_NAMES, BOARD_CLASSES, kernelOf } from './board-class.js';
import { BOOT_MODES, type BoardIpv6, type BootBoard, type BootPort, type BootSet, rootSerialOf } from './boot-set.js';
import { isIpv6, subnetOfServer } from './subnet.js';

type Fields = Readonly<Record<string, unknown>>;

/** What a boot set may hold. VLAN ids: IEEE 802.1Q, without 0 and 4095. */
export const BOOT_SET_LIMITS = { ports: 1_024, keysPerBoard: 32, vlanMax: 4_094 } as const;

const PROBLEMS_MAX = 20;
/** Source: Linux net/core/dev.c, dev_valid_name; narrower, and short enough for ".4094" behind it. */
const TRUNK = /^[a-z][a-z0-9-]{0,9}$/;
const SERIAL = /^[0-9a-f]{8}$/;
const MAC = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/;
const HOSTNAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const IMAGE_ID = /^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/;

/** Name of an image as a file and a volume may be called: nothing in it means anything to a path. */
export function isImageId(text: string): boolean {
  return IMAGE_ID.test(text) && !text.includes('..');
}

/** Last eight digits of a board's serial number. */
export function isBoardSerial(text: string): boolean {
  return SERIAL.test(text);
}

/**
 * A boot set out of JSON, whoever wrote it. Everything that becomes part of a file of dnsmasq, NFS or ifupdown2 is of a
 * form in which it can mean nothing else there.
 * @throws BrambleError `invalid-argument` with every problem in its words
 */
export function parseBootSet(value: unknown): BootSet {
  const problems: string[] = [];
  const fields = recordOf(value, 'the boot set', ['trunk', 'intakeImage', 'rescueImage', 'ports'], problems);
  const trunk = textOf(fields, 'trunk', TRUNK, 'the boot set', problems);
  const image = (name: string): string | undefined => {
    const id = fields[name];
    if (id === undefined) return undefined;
    if (typeof id === 'string' && isImageId(id)) return id;
    problems.push(`${name} ${quote(id)} is no name of an image`);
    return undefined;
  };
  const list: readonly unknown[] = Array.isArray(fields['ports']) ? fields['ports'] : [];
  if (!Array.isArray(fields['ports'])) problems.push('ports is not a list');
  if (list.length > BOOT_SET_LIMITS.ports) problems.push(`more than ${BOOT_SET_LIMITS.ports} ports`);
  const ports = list.slice(0, BOOT_SET_LIMITS.ports).map((each, index) => readPort(each, `ports[${index}]`, problems));
  const set = { trunk, intakeImage: image('intakeImage'), rescueImage: image('rescueImage'), ports };
  checkWhole(set, problems);
  if (problems.length === 0) return set;
  const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : '';
  throw new BrambleError('invalid-argument', `not a boot set: ${problems.slice(0, PROBLEMS_MAX).join('; ')}${more}`);
}

/** No two ports share anything that tells them apart. */
function checkWhole({ ports, rescueImage }: BootSet, problems: string[]): void {
  const once = (what: string, values: readonly (string | number | undefined)[]): void => {
    const seen = new Set<string | number>();
    for (const value of values) {
      if (value === undefined) continue;
      if (seen.has(value)) problems.push(`${what} ${value} is there twice`);
      seen.add(value);
    }
  };
  once('VLAN', ports.map(({ vlan }) => vlan)); // biome-ignore format: one line each
  once('address', ports.map(({ server }) => server)); // biome-ignore format: one line each
  once('serial number', ports.map(({ board }) => board?.serial)); // biome-ignore format: one line each
  once('root of', ports.map(({ board }) => board && rootSerialOf(board))); // biome-ignore format: one line each
  once('MAC address', ports.map(({ board }) => board?.mac)); // biome-ignore format: one line each
  once('hostname', ports.map(({ board }) => board?.hostname)); // biome-ignore format: one line each
  if (rescueImage === undefined && ports.some(({ board }) => board?.mode === 'rescue')) {
    problems.push('a board is to be rescued, and there is no rescueImage');
  }
}

function readPort(value: unknown, where: string, problems: string[]): BootPort {
  const fields = recordOf(value, where, ['vlan', 'server', 'board'], problems);
  const { vlan, server, board } = fields;
  const isVlan = typeof vlan === 'number' && Number.isInteger(vlan) && vlan >= 1 && vlan <= BOOT_SET_LIMITS.vlanMax;
  if (!isVlan) problems.push(`${where}: vlan is not 1 to ${BOOT_SET_LIMITS.vlanMax}`);
  const isServer = typeof server === 'string' && subnetOfServer(server) !== undefined;
  if (!isServer) problems.push(`${where}: server ${quote(server)} is not the first address of a /30`);
  return {
    vlan: isVlan ? vlan : 0,
    server: isServer ? server : '',
    board: board === undefined ? undefined : readBoard(board, `${where}.board`, problems),
  };
}

const BOARD_FIELDS = [
  'serial',
  'rootSerial',
  'mac',
  'hostname',
  'boardClass',
  'bits',
  'hasBootCard',
  'mode',
  'ipv6',
  'authorizedKeys',
];

function readBoard(value: unknown, where: string, problems: string[]): BootBoard {
  const fields = recordOf(value, where, BOARD_FIELDS, problems);
  const { bits, hasBootCard, ipv6, mac, rootSerial } = fields;
  const serial = textOf(fields, 'serial', SERIAL, where, problems);
  const boardClass = BOARD_CLASS_NAMES.find((each) => each === fields['boardClass']);
  if (boardClass === undefined) problems.push(`${where}: boardClass must be ${BOARD_CLASS_NAMES.join(', ')}`);
  const mode = BOOT_MODES.find((each) => each === fields['mode']);
  if (mode === undefined) problems.push(`${where}: mode must be ${BOOT_MODES.join(', ')}`);
  if (bits !== 32 && bits !== 64) problems.push(`${where}: bits must be 32 or 64`);
  if (typeof hasBootCard !== 'boolean') problems.push(`${where}: hasBootCard must be true or false`);
  const board = {
    serial,
    ...(rootSerial !== undefined && { rootSerial: textOf(fields, 'rootSerial', SERIAL, where, problems) }),
    mac: mac === undefined ? undefined : textOf(fields, 'mac', MAC, where, problems),
    hostname: textOf(fields, 'hostname', HOSTNAME, where, problems),
    boardClass: boardClass ?? 'pi4',
    bits: bits === 64 ? 64 : 32,
    hasBootCard: hasBootCard === true,
    mode: mode ?? 'closed',
    ipv6: ipv6 === undefined ? undefined : readIpv6(ipv6, `${where}.ipv6`, problems),
    authorizedKeys: readKeys(fields['authorizedKeys'], where, problems),
  } as const;
  if (kernelOf(board.boardClass, board.bits) === undefined) {
    problems.push(`${where}: a ${board.boardClass} runs no ${board.bits}-bit kernel`);
  }
  if (!board.hasBootCard && !BOARD_CLASSES[board.boardClass].bootsWithoutCard) {
    problems.push(`${where}: a ${board.boardClass} boots over the network only with a card`);
  }
  return board;
}

function readIpv6(value: unknown, where: string, problems: string[]): BoardIpv6 {
  const fields = recordOf(value, where, ['vlan', 'address', 'prefixLength', 'gateway'], problems);
  const { vlan, prefixLength } = fields;
  const whole = (given: unknown, name: string, max: number): number => {
    if (typeof given === 'number' && Number.isInteger(given) && given >= 0 && given <= max) return given;
    problems.push(`${where}: ${name} is not 0 to ${max}`);
    return 0;
  };
  const address = (name: string): string => {
    const given = fields[name];
    if (typeof given === 'string' && isIpv6(given)) return given;
    problems.push(`${where}: ${name} ${quote(given)} is no IPv6 address`);
    return '';
  };
  return {
    vlan: whole(vlan, 'vlan', BOOT_SET_LIMITS.vlanMax),
    address: address('address'),
    prefixLength: whole(prefixLength, 'prefixLength', 128),
    gateway: address('gateway'),
  };
}

function readKeys(value: unknown, where: string, problems: string[]): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const lines = list.filter((each) => typeof each === 'string');
  if (!Array.isArray(value) || lines.length !== list.length)
    problems.push(`${where}: authorizedKeys is no list of texts`);
  if (lines.length > BOOT_SET_LIMITS.keysPerBoard) problems.push(`${where}: too many authorizedKeys`);
  for (const line of lines) {
    if (parseSshKey(line) === undefined) problems.push(`${where}: a key is not "type base64 comment" without options`);
  }
  return lines.slice(0, BOOT_SET_LIMITS.keysPerBoard);
}

function textOf(fields: Fields, name: string, form: RegExp, where: string, problems: string[]): string {
  const value = fields[name];
  if (typeof value === 'string' && form.test(value)) return value;
  problems.push(`${where}: ${name} ${quote(value)} is not of its form`);
  return '';
}

function recordOf(value: unknown, where: string, known: readonly string[], problems: string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${where} is not a set of named parts`);
    return {};
  }
  const fields: Fields = { ...value };
  for (const name of Object.keys(fields)) {
    if (!known.includes(name)) problems.push(`${where}: unknown part ${quote(name)}`);
  }
  return fields;
}

function quote(value: unknown): string {
  return JSON.stringify(visible(typeof value === 'string' ? value : String(value), 64));
}
