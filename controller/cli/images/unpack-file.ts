import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { BrambleError } from '../../../proto/contract/errors.js';

/** Larger is no image of a Pi, and smaller than the disks of those who import. */
const UNPACKED_BYTES_MAX = 64 * 2 ** 30;
/** A bomb is packed a thousand times; a disk image with much empty space some ten times. */
const RATIO_MAX = 100;
const RATIO_FREE_BYTES = 64 * 2 ** 20;
const MEMORY_MAX = '256MiB';

/** By the first bytes of a file. Sources: RFC 1952; the XZ file format 1.2.1; RFC 8878. */
const PACKERS: readonly { readonly magic: string; readonly unpack: (path: string) => Unpacking }[] = [
  {
    magic: '1f8b',
    unpack: (path) => ({ output: createReadStream(path).pipe(createGunzip()), ended: Promise.resolve(0) }),
  },
  {
    magic: 'fd377a585a00',
    unpack: (path) => program('xz', ['-dc', `--memlimit-decompress=${MEMORY_MAX}`, '--', path]),
  },
  { magic: '28b52ffd', unpack: (path) => program('zstd', ['-dcq', `--memory=${MEMORY_MAX}`, '--', path]) },
];

interface Unpacking {
  readonly output: Readable;
  /** Exit status. */
  readonly ended: Promise<number>;
}

/** What the file is packed with, unpacked to another one; `undefined` when it is not packed. @throws BrambleError `failed-precondition`, `data-loss` */
export async function unpackFile(path: string, packed: FileHandle, toPath: string): Promise<FileHandle | undefined> {
  const first = Buffer.alloc(8);
  await packed.read(first, 0, first.length, 0);
  const packer = PACKERS.find(({ magic }) => first.toString('hex').startsWith(magic));
  if (packer === undefined) return undefined;
  const { size: packedBytes } = await packed.stat();
  const bytesMax = Math.min(UNPACKED_BYTES_MAX, RATIO_FREE_BYTES + packedBytes * RATIO_MAX);
  const unpacked = await open(toPath, 'wx+', 0o600);
  try {
    const { output, ended } = packer.unpack(path);
    let bytes = 0;
    // Streams of Node's own that have no encoding give buffers.
    for await (const chunk of output as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        output.destroy();
        throw new BrambleError(
          'failed-precondition',
          `${path} unpacks to more than ${bytesMax} bytes: it is a bomb, or no image`,
        );
      }
      await unpacked.write(chunk);
    }
    if ((await ended) !== 0) throw new BrambleError('data-loss', `${path} cannot be unpacked`);
    return unpacked;
  } catch (thrown) {
    await unpacked.close();
    if (thrown instanceof BrambleError) throw thrown;
    throw new BrambleError('data-loss', `${path} cannot be unpacked`, { cause: thrown });
  }
}

function program(name: string, args: readonly string[]): Unpacking {
  const child = spawn(name, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close').then(
    ([status]: readonly unknown[]) => (typeof status === 'number' ? status : 1),
    (cause: unknown) => {
      throw new BrambleError('failed-precondition', `${name} is needed to unpack this`, {
        cause,
        hint: `install ${name}`,
      });
    },
  );
  ended.catch(() => undefined); // told to whoever waits for it
  return { output: child.stdout, ended };
}
