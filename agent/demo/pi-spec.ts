import { type Random, randomBelow, seededRandom } from '../../proto/contract/random.js';
import { BOARD_KINDS, type BoardKind, type BoardName } from './board-kinds.js';

/** A simulated Pi as it was built and installed: what never changes. */
export interface PiSpec {
  /** Its host name. */
  readonly name: string;
  readonly board: BoardKind;
  /** 16 hex digits. */
  readonly serial: string;
  readonly mac: string;
  readonly wirelessMac: string;
  /** Absent on a Pi that boots over the network and keeps everything on the fileserver. */
  readonly card: CardSpec | undefined;
  /** Last byte of its address in the site's network. */
  readonly host: number;
  /** How it is used: mean work by day and by night, 0 to 1 of all processors. */
  readonly work: { readonly dayRatio: number; readonly nightRatio: number };
  /** Part of the memory that its programs take, 0 to 1. */
  readonly memoryRatio: number;
  /** Part of the root filesystem that is in use, 0 to 1. */
  readonly diskRatio: number;
}

export interface CardSpec {
  readonly name: string;
  readonly maker: string;
  readonly sectors: number;
  readonly serial: string;
  readonly made: string;
}

/** Which boards a site has: what a school or a laboratory gathers over the years. `nfs`: diskless. */
const ROSTER: readonly (readonly [board: BoardName, root: 'card' | 'nfs'])[] = [
  ['pi-4b-4g', 'card'],
  ['pi-3b', 'nfs'],
  ['pi-3b-plus', 'card'],
  ['pi-5-8g', 'card'],
  ['pi-4b-2g', 'card'],
  ['pi-2b', 'card'],
  ['pi-3b-plus', 'nfs'],
  ['pi-4b-4g', 'nfs'],
  ['pi-3b', 'card'],
  ['pi-1b', 'card'],
  ['pi-4b-2g', 'card'],
  ['pi-5-8g', 'card'],
  ['pi-3b-plus', 'nfs'],
  ['pi-zero-2w', 'card'],
  ['pi-4b-4g', 'card'],
  ['pi-3b', 'nfs'],
];

const CARDS = [
  { name: 'SC16G', maker: '0x000003', sectors: 31_116_288 },
  { name: 'SC32G', maker: '0x000003', sectors: 62_333_952 },
  { name: 'EC1S5', maker: '0x00001b', sectors: 62_521_344 },
  { name: 'SN64G', maker: '0x000003', sectors: 124_735_488 },
] as const;

/** The site's Pi number `index` (from 0): always the same one for the same seed. */
export function makePiSpec(seed: number, index: number): PiSpec {
  const random = seededRandom(seed * 1_009 + index);
  const [boardName, root] = ROSTER[index % ROSTER.length] ?? ['pi-4b-4g', 'card'];
  const board: BoardKind = BOARD_KINDS[boardName];
  const serial = hex(random, 4);
  const between = (low: number, high: number): number => low + (high - low) * random.unit();
  const night = between(0.02, 0.12);
  return {
    name: piName(index),
    board,
    serial: `${board.hasClockAndFan === true ? hex(random, 4) : '00000000'}${serial}`,
    mac: macOf(board, serial, 0),
    wirelessMac: macOf(board, serial, 1),
    card: root === 'nfs' ? undefined : makeCard(random),
    host: 11 + index,
    work: { nightRatio: night, dayRatio: night + between(0.05, 0.45) },
    memoryRatio: between(0.2, 0.55),
    diskRatio: between(0.3, 0.75),
  };
}

/** All Pis of a site. */
export function sitePis(seed: number, pis: number): readonly PiSpec[] {
  return Array.from({ length: pis }, (_, index) => makePiSpec(seed, index));
}

/** "demo-01": the number counts from 1. */
export function piName(index: number): string {
  return `demo-${String(index + 1).padStart(2, '0')}`;
}

function makeCard(random: Random): CardSpec {
  const card = CARDS[randomBelow(random, CARDS.length)] ?? CARDS[0];
  const month = String(1 + randomBelow(random, 12)).padStart(2, '0');
  return { ...card, serial: `0x${hex(random, 4)}`, made: `${month}/${2019 + randomBelow(random, 6)}` };
}

/** Addresses of Pis end like their serial. */
function macOf({ macPrefix }: BoardKind, serial: string, offset: number): string {
  const low = ((Number.parseInt(serial.slice(2), 16) + offset) % 0x100_0000).toString(16).padStart(6, '0');
  return [macPrefix, low.slice(0, 2), low.slice(2, 4), low.slice(4)].join(':');
}

function hex(random: Random, bytes: number): string {
  return Array.from(random.bytes(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
