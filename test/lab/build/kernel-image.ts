import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { exec } from './exec.js';

const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const SECTOR_BYTES = 512;

/**
 * Writes a kernel as QEMU boots it soonest. Debian packs that of amd64 with xz, and an emulated processor needs about as long
 * to unpack it as for the rest of its boot; one that is packed otherwise, or not at all, stays as it is.
 * Source: Documentation/x86/boot.rst, setup_sects, payload_offset and payload_length.
 */
export async function unpackKernel(image: string, to: string): Promise<void> {
  const payload = x86Payload(readFileSync(image));
  if (payload?.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC) !== true) return copyFileSync(image, to);
  writeFileSync(`${to}.xz`, payload);
  await exec('xz', ['--decompress', '--single-stream', `${to}.xz`]); // its own length follows it
}

/** `undefined`: no boot protocol of x86, as for arm64. */
function x86Payload(image: Buffer): Buffer | undefined {
  if (image.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
  const start = (image.readUInt8(0x1f1) + 1) * SECTOR_BYTES + image.readUInt32LE(0x248);
  return image.subarray(start, start + image.readUInt32LE(0x24c));
}
