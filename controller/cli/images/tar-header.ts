/** Headers of tar archives. Source: POSIX.1-2017, pax, "ustar Interchange Format"; tar(5) of FreeBSD for GNU's additions. */
import { BrambleError } from '../../../proto/contract/errors.js';

export const TAR_BLOCK_BYTES = 512;

export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeS: number;
  /** One character: 0 file, 1 hard link, 2 symlink, 5 directory, x, g, L and K: about the next one. */
  readonly type: string;
  readonly linkName: string;
}

/** `undefined` for a block of zeros: the end. @throws BrambleError `data-loss` */
export function parseTarHeader(block: Buffer): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const field = (from: number, length: number): Buffer => block.subarray(from, from + length);
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
  if (sum !== number(field(148, 8)))
    throw new BrambleError('data-loss', 'the archive is damaged: a header has another checksum');
  const magic = field(257, 6).toString('latin1');
  const isPosix = magic === 'ustar\0';
  const prefix = isPosix ? text(field(345, 155)) : '';
  const name = text(field(0, 100));
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: number(field(100, 8)) & 0o7777,
    uid: number(field(108, 8)),
    gid: number(field(116, 8)),
    sizeBytes: number(field(124, 12)),
    mtimeS: number(field(136, 12)),
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    linkName: text(field(157, 100)),
  };
}

/** The records of a pax header: "length key=value\n". @throws BrambleError `data-loss` */
export function parsePax(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const digits = space < 0 ? '' : bytes.subarray(at, space).toString('latin1');
    const length = /^[1-9][0-9]{0,8}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = bytes.indexOf(0x3d, space + 1);
    if (length === 0 || end > bytes.length || bytes[end - 1] !== 0x0a || equals < 0 || equals >= end || end <= space) {
      throw new BrambleError('data-loss', 'the archive is damaged: a pax record is none');
    }
    records.set(bytes.subarray(space + 1, equals).toString('utf8'), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** A name as text. @throws BrambleError `unsupported` when it is not UTF-8 */
export function text(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  const value = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch (thrown) {
    throw new BrambleError('unsupported', `a name that is not UTF-8: ${JSON.stringify(value.toString('latin1'))}`, {
      cause: thrown,
    });
  }
}

/** Octal digits, or GNU's binary form. @throws BrambleError `data-loss` */
function number(bytes: Buffer): number {
  if (((bytes[0] ?? 0) & 0x80) !== 0) {
    let value = (bytes[0] ?? 0) & 0x7f;
    for (const byte of bytes.subarray(1)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value))
      throw new BrambleError('data-loss', 'the archive is damaged: a number is too large');
    return value;
  }
  const digits = bytes
    .toString('latin1')
    .replace(/[\0 ]+$/, '')
    .trimStart();
  if (!/^[0-7]*$/.test(digits)) throw new BrambleError('data-loss', 'the archive is damaged: a number is none');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
