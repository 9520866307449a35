import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  bootAndRoot,
  parsePartitions,
  SECTOR_BYTES,
  TABLE_BYTES,
} from '../../controller/cli/images/partition-table.js';
import { withImageSource } from '../../controller/cli/images/sources.js';

const MIB = 2 ** 20;

function mbr(
  ...partitions: readonly { readonly type: number; readonly first: number; readonly count: number }[]
): Buffer {
  const table = Buffer.alloc(SECTOR_BYTES);
  for (const [at, { type, first, count }] of partitions.entries()) {
    table[446 + at * 16 + 4] = type;
    table.writeUInt32LE(first, 446 + at * 16 + 8);
    table.writeUInt32LE(count, 446 + at * 16 + 12);
  }
  table.writeUInt16LE(0xaa55, 510);
  return table;
}

const FAT = { type: 0x0c, first: 2_048, count: 32_768 };
const LINUX = { type: 0x83, first: 34_816, count: 65_536 };

/** The same two partitions, as a GPT has them. */
function gpt(): Buffer {
  const table = Buffer.concat([
    mbr({ type: 0xee, first: 1, count: 131_071 }),
    Buffer.alloc(TABLE_BYTES - SECTOR_BYTES),
  ]);
  table.write('EFI PART', SECTOR_BYTES);
  table.writeBigUInt64LE(2n, SECTOR_BYTES + 72);
  table.writeUInt32LE(128, SECTOR_BYTES + 80);
  table.writeUInt32LE(128, SECTOR_BYTES + 84);
  const types = ['28732ac11ff8d211ba4b00a0c93ec93b', 'af3dc60f838472478e793d69d8477de4'];
  for (const [at, { first, count }] of [FAT, LINUX].entries()) {
    const entry = table.subarray(2 * SECTOR_BYTES + at * 128);
    entry.write(types[at] ?? '', 'hex');
    entry.writeBigUInt64LE(BigInt(first), 32);
    entry.writeBigUInt64LE(BigInt(first + count - 1), 40);
  }
  return table;
}

test('the table of a Raspberry Pi OS image names boot files and root', () => {
  const table = mbr({ type: 0x0c, first: 8_192, count: 1_048_576 }, { type: 0x83, first: 1_056_768, count: 4_096_000 });
  const found = bootAndRoot(parsePartitions(table, 4_000_000_000));
  expect(found.boot).toEqual({ kind: 'fat', offsetBytes: 8_192 * 512, sizeBytes: 1_048_576 * 512 });
  expect(found.root.offsetBytes).toBe(1_056_768 * 512);
});

test('tables that lie are refused', () => {
  expect(() => parsePartitions(Buffer.alloc(SECTOR_BYTES), 1_000_000)).toThrow(/no disk image/);
  expect(() => parsePartitions(mbr({ type: 0x83, first: 8, count: 0xffff_ffff }), 1_000_000)).toThrow(/beyond/);
  expect(() => parsePartitions(mbr({ type: 0x83, first: 0, count: 8 }), 1_000_000)).toThrow(/beyond/);
  expect(() => parsePartitions(mbr({ type: 0xee, first: 1, count: 8 }), 1_000_000)).toThrow(/damaged/);
  expect(() => bootAndRoot(parsePartitions(mbr({ type: 0x83, first: 8, count: 8 }), 1_000_000))).toThrow(/no FAT/);
});

const canMount = (): boolean => {
  if (process.getuid?.() !== 0 || !existsSync('/dev/loop-control')) return false;
  return ['/usr/sbin/mkfs.vfat', '/usr/bin/mcopy'].every((program) => existsSync(program));
};

describe.runIf(canMount())('a disk image', () => {
  let dir = '';
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'bramble-disk-'));
    mkdirSync(join(dir, 'tree/etc'), { recursive: true });
    writeFileSync(join(dir, 'tree/etc/hostname'), 'raspberrypi\n');
    writeFileSync(join(dir, 'config.txt'), 'arm_64bit=1\n');
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  function makeImage(label: 'dos' | 'gpt'): string {
    const [image, fat, ext4] = [join(dir, 'disk.img'), join(dir, 'fat'), join(dir, 'ext4')];
    for (const [path, size] of [
      [image, 64 * MIB],
      [fat, 16 * MIB],
      [ext4, 32 * MIB],
    ] as const) {
      writeFileSync(path, '');
      truncateSync(path, size);
    }
    execFileSync('mkfs.vfat', [fat], { stdio: 'pipe' });
    execFileSync('mcopy', ['-i', fat, join(dir, 'config.txt'), '::config.txt']);
    execFileSync('mkfs.ext4', ['-q', '-d', join(dir, 'tree'), ext4]);
    writeFileSync(image, label === 'dos' ? mbr(FAT, LINUX) : gpt(), { flag: 'r+' });
    execFileSync('dd', [`if=${fat}`, `of=${image}`, 'bs=1M', 'seek=1', 'conv=notrunc', 'status=none']);
    execFileSync('dd', [`if=${ext4}`, `of=${image}`, 'bs=1M', 'seek=17', 'conv=notrunc', 'status=none']);
    return image;
  }

  test.for(['dos', 'gpt'] as const)(
    'with a %s table gives its root and its boot files, and is left as it was',
    async (label) => {
      const image = makeImage(label);
      const before = readFileSync(image);
      const seen = await withImageSource(image, undefined, async ({ root, boot }) => ({
        root: root.entries.map(({ path }) => path),
        boot: boot?.entries.map(({ path }) => path),
      }));
      expect(seen).toEqual({ root: ['.', 'etc', 'etc/hostname'], boot: ['.', 'config.txt'] });
      expect(readFileSync(image).equals(before)).toBe(true);
      expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(dir);
      expect(TABLE_BYTES).toBe(17_408);
    },
  );

  test('packed by xz is unpacked first', async () => {
    const image = makeImage('dos');
    execFileSync('xz', ['-1', image]);
    const seen = await withImageSource(`${image}.xz`, undefined, async ({ boot }) => boot?.entries.length);
    expect(seen).toBe(2);
  });
});
