import type { KernelFiles } from '../../kit/host/ports.js';

export const DEVICE_TREE = '/proc/device-tree';

/**
 * One big-endian cell of 32 bits, read as latin1; `undefined` when it has another length or was decoded as something else.
 * Source: Devicetree Specification 0.4, 2.2.4; Linux drivers/of/kobj.c hands the bytes out as they are.
 */
export function parseCell(cell: string): number | undefined {
  const bytes = Array.from(cell, (character) => character.charCodeAt(0));
  if (bytes.length !== 4 || bytes.some((byte) => byte > 0xff)) return undefined;
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function readCell(kernel: KernelFiles, path: string): number | undefined {
  const cell = kernel.readText(`${DEVICE_TREE}/${path}`, 'latin1');
  return cell === undefined ? undefined : parseCell(cell);
}

/** A string property, which ends with NUL; `undefined` when absent, empty, cut short or not printable ASCII. */
export function readString(kernel: KernelFiles, path: string): string | undefined {
  const text = kernel.readText(`${DEVICE_TREE}/${path}`, 'latin1');
  return text === undefined ? undefined : /^([\x20-\x7e]{1,200})\0$/.exec(text)?.[1]?.trim();
}
