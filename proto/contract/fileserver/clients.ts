import { renderBytes, renderCount, renderDuration } from '../words.js';
import { FactIndex, type ReportedFact } from './fact-index.js';

/** Who asks the NFS server of a fileserver, by IPv4 address. Counters since the kernel began to count. */
export interface NfsClientView {
  readonly address: string;
  /** Hardware address of who has this address now; empty = nobody answers. */
  readonly mac: string;
  readonly askedCount: number;
  readonly readBytes: number | undefined;
  readonly writtenBytes: number | undefined;
  /** By the clock of the fileserver. */
  readonly askedAtMs: number | undefined;
}

export function nfsClients(views: readonly ReportedFact[]): readonly NfsClientView[] {
  const facts = new FactIndex(views);
  return facts.instances('nfs_client_asked_count').map((address) => {
    const askedAtS = facts.number('nfs_client_asked_unix_s', address);
    return {
      address,
      mac: facts.text('vlan_peer_mac_text', address),
      askedCount: facts.number('nfs_client_asked_count', address) ?? 0,
      readBytes: facts.number('nfs_client_answered_bytes', address),
      writtenBytes: facts.number('nfs_client_asked_bytes', address),
      askedAtMs: askedAtS === undefined ? undefined : askedAtS * 1_000,
    };
  });
}

/** "asked 5 s ago, 312 packets, 4.0 MiB to it, 90.0 KiB from it". */
export function nfsClientText(client: NfsClientView, nowMs: number): string {
  const { askedAtMs, askedCount, readBytes, writtenBytes } = client;
  const ago = askedAtMs === undefined ? 'unknown' : `asked ${renderDuration(Math.max(0, nowMs - askedAtMs))} ago`;
  const to = readBytes === undefined ? 'never answered' : `${renderBytes(readBytes)} to it`;
  const from = writtenBytes === undefined ? [] : [`${renderBytes(writtenBytes)} from it`];
  return [ago, renderCount(askedCount, 'packet'), to, ...from].join(', ');
}
