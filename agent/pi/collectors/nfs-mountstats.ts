import { BrambleError } from '../../../proto/contract/errors.js';
import { wholeNumber } from '../../kit/collectors/sample.js';

/** What the client has seen of one mount since it was mounted. */
export interface NfsMount {
  /** "server:/path". */
  readonly server: string;
  readonly mountPoint: string;
  /** Requests that were answered, or given up. */
  readonly operations: number;
  /** Times that those were sent again. */
  readonly retransmits: number;
  /** Major timeouts that they passed. */
  readonly timeouts: number;
  /** From sending to the answer, all of them together, ms. */
  readonly roundTripMs: number;
  /** Of all connections of the mount; other mounts of the same server may share them. */
  readonly sent: number;
  readonly received: number;
  /** Times that a connection was made. */
  readonly connects: number;
}

const DEVICE = /^device (\S+) mounted on (\S+) with fstype (\S+)(?: statvers=(\S+))?$/;
/** Bound on the mounts of one report. */
const MOUNTS_MAX = 32;

/** Where a transport's line has its counters, after its name. Source: Linux net/sunrpc/xprtsock.c, xs_*_print_stats(). */
const TRANSPORTS: Readonly<Record<string, { readonly connects?: number; readonly sends: number }>> = {
  tcp: { connects: 2, sends: 5 },
  rdma: { connects: 2, sends: 5 },
  local: { connects: 1, sends: 4 },
  udp: { sends: 2 },
};

/**
 * Parses the NFS mounts (nfs, nfs4) of mountstats. Sources: Linux fs/nfs/super.c, nfs_show_stats(); net/sunrpc/stats.c,
 * rpc_clnt_show_stats() and _print_rpc_iostats(); net/sunrpc/xprtsock.c.
 * @throws BrambleError `data-loss` when the file is cut short or has another form
 */
export function parseMountstats(text: string): readonly NfsMount[] {
  // Each mount of NFS ends with an empty line, so that the file may end with one.
  if (!text.endsWith('\n')) throw strange('cut short');
  const blocks = text.split(/^(?=device )/m).filter((block) => / with fstype nfs4?(?: |\n)/.test(block));
  return blocks.slice(0, MOUNTS_MAX).map(parseMount);
}

function parseMount(block: string): NfsMount {
  const [head = '', ...lines] = block.split('\n');
  const [, server, mountPoint, type, version] = DEVICE.exec(head) ?? [];
  if (server === undefined || mountPoint === undefined || type === undefined) throw strange(head);
  if (version === undefined) throw strange(`no statistics of ${server}`);
  const transports = lines.filter((line) => line.startsWith('\txprt:')).map(parseTransport);
  const perOperation = lines.indexOf('\tper-op statistics');
  // The empty line ends the table: without it the rest of it may be missing.
  const end = lines.indexOf('', perOperation + 1);
  if (transports.length === 0 || perOperation < 0 || end < 0 || !block.includes('\n\n')) throw strange('cut short');
  const operations = lines.slice(perOperation + 1, end).map(parseOperation);
  const sum = <T>(list: readonly T[], of: (one: T) => number): number => list.reduce((all, one) => all + of(one), 0);
  return {
    server: unescapeOctal(server),
    mountPoint: unescapeOctal(mountPoint),
    operations: sum(operations, ({ count }) => count),
    retransmits: sum(operations, ({ count, sent }) => Math.max(0, sent - count)),
    timeouts: sum(operations, ({ timeouts }) => timeouts),
    roundTripMs: sum(operations, ({ roundTripMs }) => roundTripMs),
    sent: sum(transports, (transport) => transport.sent),
    received: sum(transports, (transport) => transport.received),
    connects: sum(transports, (transport) => transport.connects),
  };
}

function parseTransport(line: string): Pick<NfsMount, 'sent' | 'received' | 'connects'> {
  const [kind = '', ...columns] = line.slice('\txprt:'.length).trim().split(/\s+/);
  const places = Object.hasOwn(TRANSPORTS, kind) ? TRANSPORTS[kind] : undefined;
  if (places === undefined) throw strange(line);
  const at = (column: number): number => wholeNumber(columns[column], 'mountstats xprt');
  return {
    connects: places.connects === undefined ? 0 : at(places.connects),
    sent: at(places.sends),
    received: at(places.sends + 1),
  };
}

/** Name, operations, transmissions, major timeouts, bytes sent and received, ms queued, ms of round trips, ms in all, errors. */
const OPERATION = /^\t *(\w+): (\d+) (\d+) (\d+) \d+ \d+ \d+ (\d+) \d+(?: \d+)?$/;

function parseOperation(line: string): { count: number; sent: number; timeouts: number; roundTripMs: number } {
  const [, , count, sent, timeouts, roundTripMs] = OPERATION.exec(line) ?? [];
  if (roundTripMs === undefined) throw strange(line);
  return { count: Number(count), sent: Number(sent), timeouts: Number(timeouts), roundTripMs: Number(roundTripMs) };
}

/** The kernel writes space, tab, newline and backslash as \ooo. Source: fs/proc_namespace.c, mangle(). */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-3][0-7]{2})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function strange(what: string): BrambleError {
  return new BrambleError('data-loss', `mountstats: ${JSON.stringify(what.slice(0, 80))}`);
}
