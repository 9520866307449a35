import type { Systeminformation } from 'systeminformation';
import { renderBytes } from '../../../proto/contract/words.js';

/** What systeminformation found, as far as anybody wants to read it. */
export interface Found {
  readonly disks: readonly Pick<
    Systeminformation.DiskLayoutData,
    'device' | 'vendor' | 'name' | 'size' | 'type' | 'serialNum'
  >[];
  readonly usb: readonly Pick<Systeminformation.UsbData, 'bus' | 'deviceId' | 'manufacturer' | 'name' | 'type'>[];
  readonly bios: Pick<Systeminformation.BiosData, 'vendor' | 'version' | 'releaseDate'>;
  readonly memory: readonly Pick<
    Systeminformation.MemLayoutData,
    'bank' | 'size' | 'type' | 'clockSpeed' | 'partNum'
  >[];
}

/** One thing that is built in: the instance of hardware_text, and its text. */
export type Item = readonly [instance: string, text: string];

/** Longest list: a node is described, not audited. */
const ITEMS_MAX = 64;

/** Puts what was found into words; what is not known is left out, and so is a thing of which nothing is known. */
export function describeHardware({ disks, usb, bios, memory }: Found): readonly Item[] {
  const items: Item[] = [
    ...disks.map((disk): Item => {
      const serial = known(disk.serialNum) === undefined ? undefined : `serial ${disk.serialNum}`;
      const text = words(disk.vendor, disk.name, size(disk.size), disk.type, serial);
      return [`disk:${disk.device.replace(/^\/dev\//, '')}`, text];
    }),
    ...usb.map(
      (device): Item => [`usb:${device.bus}-${device.deviceId}`, words(device.manufacturer, device.name, device.type)],
    ),
    ['firmware', words(bios.vendor, bios.version, bios.releaseDate)],
    ...memory.map((module, slot): Item => {
      const speed = (module.clockSpeed ?? 0) > 0 ? `${module.clockSpeed} MHz` : undefined;
      const name = known(module.bank) ?? String(slot);
      return [`memory:${name}`, words(size(module.size), module.type, speed, module.partNum)];
    }),
  ];
  return items.filter(([, text]) => text !== '').slice(0, ITEMS_MAX);
}

function size(bytes: number | null): string | undefined {
  return bytes !== null && bytes > 0 ? renderBytes(bytes) : undefined;
}

/** `undefined` for the many ways to say that something is not known. */
function known(text: string | null | undefined): string | undefined {
  const plain = text?.trim();
  return plain === undefined || /^(|-|n\/a|unknown|none|not specified|empty)$/i.test(plain) ? undefined : plain;
}

function words(...parts: readonly (string | null | undefined)[]): string {
  return parts
    .map(known)
    .filter((part) => part !== undefined)
    .join(' ');
}
