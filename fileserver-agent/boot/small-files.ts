/** Tables that dnsmasq and rpc.mountd keep as small text files. */

const LINES_MAX = 2_048;
const LEASE = /^\d+ ([0-9a-f]{2}(?::[0-9a-f]{2}){5}) (\d{1,3}(?:\.\d{1,3}){3}) /;
const MOUNT = /^(\d{1,3}(?:\.\d{1,3}){3}):(\S+):0x([0-9a-f]{1,8})$/;

export interface Lease {
  readonly mac: string;
  readonly address: string;
}

/** IPv4 leases; other lines are left out. Source: dnsmasq 2.90, src/lease.c lease_update_file(). */
export function parseLeases(text: string): readonly Lease[] {
  return text.split('\n', LINES_MAX).flatMap((line) => {
    const match = LEASE.exec(line);
    return match === null ? [] : [{ mac: match[1] ?? '', address: match[2] ?? '' }];
  });
}

/** How often each client has mounted each directory: "address directory" -> count. Source: nfs-utils, support/nfs/rmtab.c. */
export function parseRmtab(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of text.split('\n', LINES_MAX)) {
    const match = MOUNT.exec(line);
    if (match !== null) counts.set(`${match[1]} ${match[2]}`, Number.parseInt(match[3] ?? '', 16));
  }
  return counts;
}

/** Addresses whose count went up, or that are new. */
export function newMounts(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): readonly string[] {
  return [...now].flatMap(([key, count]) => (count > (before.get(key) ?? 0) ? [key.split(' ', 1)[0] ?? ''] : []));
}
