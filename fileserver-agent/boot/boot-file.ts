/** What a board asks for, told from the path of the file. */

export interface BootFile {
  /** Directory of one board: its serial number, seldom its MAC address, in lower case; empty for files of all boards. */
  readonly directory: string;
  readonly kind: 'bootcode' | 'firmware' | 'kernel' | 'cmdline' | 'other';
}

// Firmware that nothing goes on without: start.elf and its kin, start4.elf of a Pi 4; a Pi 5 has its own on the board
// and begins with config.txt. Source: raspberrypi.com documentation, "Boot folder contents" and "Network boot".
const FIRMWARE = /^start(4|_x|4x|_cd|4cd|_db|4db)?\.elf$/;
const KERNEL = /^(kernel[\w.-]*\.img|vmlinu[xz][\w.-]*|zImage|Image(\.gz)?)$/;
const SERIAL = /^(?:[0-9a-f]{8}|[0-9a-f]{16})$/i;
/** TFTP_PREFIX=2 of a Pi 4 or 5: its directory is named by its MAC address. */
const MAC = /^[0-9a-f]{2}(-[0-9a-f]{2}){5}$/i;

/** Paths are what clients wrote: anything may be in them, and nothing of it is ever opened. */
export function parseBootFile(path: string): BootFile {
  const parts = path.split('/').filter((part) => part !== '');
  const name = parts.at(-1) ?? '';
  const directory = parts.slice(0, -1).findLast((part) => SERIAL.test(part) || MAC.test(part));
  return { directory: directory?.toLowerCase() ?? '', kind: kindOf(name) };
}

function kindOf(name: string): BootFile['kind'] {
  if (name === 'bootcode.bin' || name === 'bootcode4.bin' || name === 'bootcode5.bin') return 'bootcode';
  if (FIRMWARE.test(name)) return 'firmware';
  if (KERNEL.test(name)) return 'kernel';
  return name === 'cmdline.txt' ? 'cmdline' : 'other';
}
