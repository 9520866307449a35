/** Longest mount point that is taken, characters. */
const MOUNT_POINT_MAX = 255;

/** No part begins with a dot, so there is no ".."; no character that a shell, an option or a unit file could read as more. */
const MOUNT_POINT = /^\/(?:[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(?:\/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*)?$/;

/** An absolute path, such as "/boot/firmware", that can be nothing but a path. */
export function isMountPoint(text: string): boolean {
  return text.length <= MOUNT_POINT_MAX && MOUNT_POINT.test(text);
}
