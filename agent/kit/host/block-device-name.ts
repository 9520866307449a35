/** Longest name of a disk. Source: Linux include/linux/genhd.h, DISK_NAME_LEN. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,30}$/;

/** A name in /dev such as "sda3" or "md0": no path, no option, no pattern. */
export function isBlockDeviceName(text: string): boolean {
  return NAME.test(text) && !text.includes('..');
}
