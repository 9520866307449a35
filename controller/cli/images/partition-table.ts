/** Where the partitions of a disk image are. Sources: UEFI specification 2.10, chapter 5 (GPT); the MBR as every system writes it. */
import { BrambleError } from '../../../proto/contract/errors.js';

export const SECTOR_BYTES = 512;
/** What must be read of an image: the MBR, the GPT's header and its 128 entries. */
export const TABLE_BYTES = 34 * SECTOR_BYTES;

export interface Partition {
  readonly kind: 'fat' | 'linux' | 'other';
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

const GPT_PROTECTIVE = 0xee;
const FAT_TYPES: readonly number[] = [0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0xef];
const LINUX_TYPE = 0x83;
const GPT_FAT: readonly string[] = [
  'c12a7328-f81f-11d2-ba4b-00a0c93ec93b', // EFI system
  'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7', // basic data
];
/** Linux filesystem; roots of 32 and 64 bit ARM. Source: Discoverable Partitions Specification. */
const GPT_LINUX: readonly string[] = [
  '0fc63daf-8483-4772-8e79-3d69d8477de4',
  '69dad710-2ce4-4e3c-b16c-21a1d49abed3',
  'b921b045-1df0-41c3-af44-4c6f280d3fae',
];
const GPT_ENTRIES_MAX = 128;

/** @throws BrambleError `invalid-argument` for what is no disk image, `data-loss` for a table that leaves the image */
export function parsePartitions(table: Buffer, imageBytes: number): readonly Partition[] {
  if (table.length < SECTOR_BYTES || table.readUInt16LE(510) !== 0xaa55) {
    throw new BrambleError('invalid-argument', 'it is no disk image: it has no partition table');
  }
  const primary = Array.from({ length: 4 }, (_, at) => table.subarray(446 + at * 16, 462 + at * 16));
  const isGpt = primary.some((entry) => entry[4] === GPT_PROTECTIVE);
  const found = isGpt ? parseGpt(table) : primary.flatMap(parseMbrEntry);
  for (const { offsetBytes, sizeBytes } of found) {
    if (offsetBytes < SECTOR_BYTES || sizeBytes < 1 || offsetBytes + sizeBytes > imageBytes) {
      throw new BrambleError(
        'data-loss',
        'a partition reaches beyond the disk image: it is cut short, or its table is damaged',
      );
    }
  }
  return found;
}

/** @throws BrambleError `failed-precondition` when it has not one of each */
export function bootAndRoot(partitions: readonly Partition[]): { readonly boot: Partition; readonly root: Partition } {
  const boot = partitions.find(({ kind }) => kind === 'fat');
  const root = partitions.findLast(({ kind }) => kind === 'linux');
  if (boot !== undefined && root !== undefined) return { boot, root };
  throw new BrambleError(
    'failed-precondition',
    'the disk image has no FAT partition with boot files, or none with a Linux root',
    {
      hint: 'images of Raspberry Pi OS have both; import a folder or a tar archive otherwise',
    },
  );
}

function parseMbrEntry(entry: Buffer): readonly Partition[] {
  const type = entry[4] ?? 0;
  if (type === 0) return [];
  const kind = FAT_TYPES.includes(type) ? 'fat' : type === LINUX_TYPE ? 'linux' : 'other';
  const [first, count] = [entry.readUInt32LE(8), entry.readUInt32LE(12)];
  return [{ kind, offsetBytes: first * SECTOR_BYTES, sizeBytes: count * SECTOR_BYTES }];
}

function parseGpt(table: Buffer): readonly Partition[] {
  const damaged = new BrambleError('data-loss', 'the partition table of the disk image is damaged');
  if (table.length < TABLE_BYTES || table.toString('latin1', SECTOR_BYTES, SECTOR_BYTES + 8) !== 'EFI PART')
    throw damaged;
  const header = table.subarray(SECTOR_BYTES);
  const [count, entryBytes] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  const start = Number(header.readBigUInt64LE(72)) * SECTOR_BYTES;
  if (entryBytes < 128 || count > GPT_ENTRIES_MAX || start + count * entryBytes > table.length) throw damaged;
  return Array.from({ length: count }, (_, at) =>
    table.subarray(start + at * entryBytes, start + (at + 1) * entryBytes),
  ).flatMap((entry): readonly Partition[] => {
    const type = guidText(entry.subarray(0, 16));
    if (/^[0-]+$/.test(type)) return [];
    const kind = GPT_FAT.includes(type) ? 'fat' : GPT_LINUX.includes(type) ? 'linux' : 'other';
    const [first, last] = [Number(entry.readBigUInt64LE(32)), Number(entry.readBigUInt64LE(40))];
    return [{ kind, offsetBytes: first * SECTOR_BYTES, sizeBytes: (last - first + 1) * SECTOR_BYTES }];
  });
}

/** Its first three fields are least significant byte first. */
function guidText(bytes: Buffer): string {
  const hex = (from: number, to: number, turned: boolean): string =>
    Buffer.from(turned ? bytes.subarray(from, to).toReversed() : bytes.subarray(from, to)).toString('hex');
  return [hex(0, 4, true), hex(4, 6, true), hex(6, 8, true), hex(8, 10, false), hex(10, 16, false)].join('-');
}
