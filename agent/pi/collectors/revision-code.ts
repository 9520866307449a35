import { BOARD_TYPES, type BoardType, PI_2B_WITH_BCM2837 } from './board-types.js';

/** What a revision code says. Codes that were not given out when this was written are named by their numbers. */
export interface Revision {
  /** Model and revision, such as "Raspberry Pi 4 Model B 1.4". */
  readonly name: string;
  readonly maker: string;
  /** Such as "BCM2711". */
  readonly soc: string;
  /** Memory that the board was made with; `undefined` when the code leaves it open. */
  readonly ramBytes: number | undefined;
  /** `undefined` for a type of board that is not known here. */
  readonly type: BoardType | undefined;
}

const MIB = 2 ** 20;
const NEW_STYLE = 0x80_0000;

/** By the fields of a new-style code. Its eighth size of memory means "other". */
const MAKERS = ['Sony UK', 'Egoman', 'Embest', 'Sony Japan', 'Embest', 'Stadium'] as const;
const SOCS = ['BCM2835', 'BCM2836', 'BCM2837', 'BCM2711', 'BCM2712'] as const;
const RAM_MIB = [256, 512, 1024, 2048, 4096, 8192, 16_384] as const;

interface OldCode {
  readonly type: number;
  readonly revision: string;
  readonly maker: string;
  /** `undefined` where boards with the same code were made with different sizes. */
  readonly ramMib: number | undefined;
}

const old = (type: number, revision: string, maker: string, ramMib: number | undefined): OldCode => {
  return { type, revision, maker, ramMib };
};

/** All codes of the first scheme; these boards have a BCM2835. */
const OLD_CODES: ReadonlyMap<number, OldCode> = new Map([
  [0x02, old(0x01, '1.0', 'Egoman', 256)],
  [0x03, old(0x01, '1.0', 'Egoman', 256)],
  [0x04, old(0x01, '2.0', 'Sony UK', 256)],
  [0x05, old(0x01, '2.0', 'Qisda', 256)],
  [0x06, old(0x01, '2.0', 'Egoman', 256)],
  [0x07, old(0x00, '2.0', 'Egoman', 256)],
  [0x08, old(0x00, '2.0', 'Sony UK', 256)],
  [0x09, old(0x00, '2.0', 'Qisda', 256)],
  [0x0d, old(0x01, '2.0', 'Egoman', 512)],
  [0x0e, old(0x01, '2.0', 'Sony UK', 512)],
  [0x0f, old(0x01, '2.0', 'Egoman', 512)],
  [0x10, old(0x03, '1.2', 'Sony UK', 512)],
  [0x11, old(0x06, '1.0', 'Sony UK', 512)],
  [0x12, old(0x02, '1.1', 'Sony UK', 256)],
  [0x13, old(0x03, '1.2', 'Embest', 512)],
  [0x14, old(0x06, '1.0', 'Embest', 512)],
  [0x15, old(0x02, '1.1', 'Embest', undefined)],
]);

/**
 * Decodes a revision code: NOQuuuWuFMMMCCCCPPPPTTTTTTTTRRRR in bits when F is set, a number from a list otherwise. The bits
 * above F are about overclocking and one-time memory and say nothing about the board. Never throws.
 * `undefined` for what is no code at all. Source: raspberrypi.com documentation, "Raspberry Pi revision codes".
 */
export function decodeRevision(hex: string): Revision | undefined {
  if (!/^[0-9a-f]{1,8}$/i.test(hex)) return undefined;
  const code = Number.parseInt(hex, 16);
  return (code & NEW_STYLE) === 0 ? decodeOld(code & 0xff_ffff) : decodeNew(code);
}

function decodeNew(code: number): Revision {
  const typeNumber = (code >>> 4) & 0xff;
  const soc = numbered(SOCS, (code >>> 12) & 0xf);
  const revision = code & 0xf;
  const type = typeNumber === 0x04 && soc === 'BCM2837' ? PI_2B_WITH_BCM2837 : BOARD_TYPES.get(typeNumber);
  const ramMib = RAM_MIB[(code >>> 20) & 0x7];
  return {
    name: `${type?.name ?? `unknown type ${hexadecimal(typeNumber)}`} 1.${revision}`,
    maker: numbered(MAKERS, (code >>> 16) & 0xf),
    soc,
    ramBytes: ramMib === undefined ? undefined : ramMib * MIB,
    type,
  };
}

function decodeOld(code: number): Revision | undefined {
  if (code === 0) return undefined;
  const known = OLD_CODES.get(code);
  if (known === undefined) {
    const name = `unknown code ${hexadecimal(code, 4)}`;
    return { name, maker: 'unknown', soc: 'unknown', ramBytes: undefined, type: undefined };
  }
  const type = BOARD_TYPES.get(known.type);
  return {
    name: `${type?.name ?? hexadecimal(known.type)} ${known.revision}`,
    maker: known.maker,
    soc: 'BCM2835',
    ramBytes: known.ramMib === undefined ? undefined : known.ramMib * MIB,
    type,
  };
}

function numbered(names: readonly string[], index: number): string {
  return names[index] ?? `unknown (${hexadecimal(index, 1)})`;
}

function hexadecimal(value: number, digits = 2): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}
