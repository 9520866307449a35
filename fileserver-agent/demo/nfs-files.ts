/** What the kernel of the simulated fileserver tells of those whom it serves: pure renderings. */

import type { PiSpec } from '../../agent/demo/pi-spec.js';
import { addressOf } from '../../agent/demo/proc-files.js';

const THREADS = 8;
/** Requests of one Pi that has its root here, and how they come and go. */
const CALLS_PER_S = 9;
const SWING_S = 900;
const READ_BYTES_PER_CALL = 5_400;
const WRITTEN_BYTES_PER_CALL = 1_100;
const HEAD_BYTES = 190;

/** Counts from boot on that never go back, whatever the swing. */
function callsSince(uptimeS: number, clients: number): number {
  const turn = (uptimeS / SWING_S) * 2 * Math.PI;
  const swung = uptimeS + ((1 - Math.cos(turn)) * SWING_S * 0.6) / (2 * Math.PI);
  return Math.floor(swung * CALLS_PER_S * clients);
}

/** Source: Linux 6.1, fs/nfsd/stats.c, net/sunrpc/stats.c. */
export function renderNfsd(uptimeS: number, clients: number): string {
  const calls = callsSince(uptimeS, clients);
  const idle = '0.000 '.repeat(10).trimEnd();
  return (
    `rc 0 0 ${calls}\nfh 0 0 0 0 0\nio ${calls * READ_BYTES_PER_CALL} ${calls * WRITTEN_BYTES_PER_CALL}\n` +
    `th ${THREADS} 0 ${idle}\nra 32 0 0 0 0 0 0 0 0 0 0 0\nnet ${calls} 0 ${calls} ${clients + 3}\nrpc ${calls} 0 0 0 0\n`
  );
}

/** What that is on the cable, with the heads of the calls and answers, bytes. */
export function servedBytes(uptimeS: number, clients: number): { readonly received: number; readonly sent: number } {
  const calls = callsSince(uptimeS, clients);
  return {
    received: calls * (WRITTEN_BYTES_PER_CALL + HEAD_BYTES),
    sent: calls * (READ_BYTES_PER_CALL + HEAD_BYTES),
  };
}

/** Source: Linux Documentation/filesystems/nfs/knfsd-stats.rst. */
export function renderPoolStats(uptimeS: number, clients: number): string {
  const calls = callsSince(uptimeS, clients);
  return `# pool packets-arrived sockets-enqueued threads-woken threads-timedout\n0 ${calls} ${calls} ${calls} 0\n`;
}

/** Every Pi on a VLAN of its own. Source: proc_net(5), arp. */
export function renderArp(pis: readonly PiSpec[]): string {
  const head = 'IP address       HW type     Flags       HW address            Mask     Device\n';
  const line = (pi: PiSpec): string =>
    `${addressOf(pi).padEnd(16)} 0x1         0x2         ${pi.mac}     *        eth0.${pi.host}\n`;
  return `${head}${pis.map(line).join('')}`;
}

const LEASE_S = 3_600;

/** Source: dnsmasq 2.90, src/lease.c. */
export function renderLeases(pis: readonly PiSpec[], nowMs: number): string {
  const endS = Math.floor(nowMs / 1_000) + LEASE_S;
  return pis.map((pi) => `${endS} ${pi.mac} ${addressOf(pi)} ${pi.name} *\n`).join('');
}
