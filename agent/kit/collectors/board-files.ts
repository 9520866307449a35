/** Parsers of what boards say about themselves. None throws: a label that cannot be read is unknown. */

/**
 * Raspberry Pi revision code of /proc/device-tree/system/linux,revision: one big-endian cell of 32 bits, read as latin1.
 * Hex, at least four digits, as /proc/cpuinfo prints it. Source: raspberrypi.com, "Raspberry Pi revision codes".
 */
export function parseRevisionCell(cell: string): string | undefined {
  const bytes = Array.from(cell, (character) => character.charCodeAt(0));
  if (bytes.length !== 4 || bytes.some((byte) => byte > 0xff)) return undefined; // decoded as something else than latin1
  const code = bytes.reduce((sum, byte) => sum * 256 + byte, 0);
  return code === 0 ? undefined : code.toString(16).padStart(4, '0');
}

/**
 * A field of /proc/cpuinfo about the board, not about one processor ("Revision", not "CPU revision"); zeros say nothing.
 * Source: Linux arch/arm/kernel/setup.c, c_show(); Raspberry Pi's kernels print the same on arm64.
 */
export function cpuinfoField(cpuinfo: string, field: 'Serial' | 'Revision'): string | undefined {
  const value = new RegExp(`^${field}\\s*: ([0-9a-f]{4,16})\\n`, 'm').exec(cpuinfo)?.[1];
  return value === undefined || /^0+$/.test(value) ? undefined : value;
}

/** As `uname -m`, for kernels before 6.1, which have no /proc/sys/kernel/arch. */
export function architectureOf(cpuinfo: string): string | undefined {
  const arm32 = /^model name\s*: ARMv\d.*\((v\d+[a-z]*)\)\n/m.exec(cpuinfo)?.[1];
  if (arm32 !== undefined) return `arm${arm32}`;
  if (/^CPU architecture\s*: 8\n/m.test(cpuinfo)) return 'aarch64';
  return /^flags\s*:(?: \S+)* lm(?: \S+)*\n/m.test(cpuinfo) ? 'x86_64' : undefined;
}

/** PRETTY_NAME of os-release(5): a shell assignment, quoted or not. */
export function parsePrettyName(text: string): string | undefined {
  const value = /^PRETTY_NAME=("(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s"'\\]*)\s*\n/m.exec(text)?.[1];
  if (value === undefined || value === '') return undefined;
  if (value.startsWith("'")) return value.slice(1, -1);
  const plain = value.startsWith('"') ? value.slice(1, -1) : value;
  return plain.replace(/\\(["$`\\])/g, '$1');
}
