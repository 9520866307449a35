/** What a fileserver tells of itself, and of the Pis that boot from it. */

import { judgeBoot } from '../../../../proto/contract/boot/judge.js';
import type { BootRecord } from '../../../../proto/contract/boot/record.js';
import { BOOT_LIMITS } from '../../../../proto/contract/boot/stage.js';
import { COLLECTOR_STATES } from '../../../../proto/contract/facts.js';
import type { JudgedCondition } from '../../../domain/conditions.js';
import type { FileserverSight, NodeSight } from '../../../domain/healing/observed.js';
import type { Boards } from '../../boards.js';
import type { NodeEntry } from '../../node-table.js';
import { BootBook } from './boot-book.js';

/** It counts every 30 s and tells with its next report. */
const COUNTED_BEFORE_MS = 40_000;
/** An idle system asks at least so often: its agent alone writes what it must not forget. */
const ASKS_WITHIN_MS = 60_000;
/** When it asked last is told as a time, made of two clocks that are read to the second: it moves by so much when nobody asks. */
const JITTER_S = 3;
/** Clocks are joined to the second, and a kernel starts after its board asked for an address. */
const SLACK_MS = 5_000;

const isRaised = (conditions: readonly JudgedCondition[], ...types: readonly string[]): boolean =>
  conditions.some(({ rule, status, raised }) => raised && status === 'true' && types.includes(rule.type));

/** @param can what it can do for roots, for the rungs that need it */
export function fileserverSight(
  entry: NodeEntry | undefined,
  can: Pick<FileserverSight, 'hasSnapshots' | 'hasImage'>,
): FileserverSight {
  if (entry === undefined) return { agent: 'unobserved', service: 'ok', arrays: 'unobserved', ...can };
  return { agent: entry.liveness, service: serviceOf(entry), arrays: arraysOf(entry), ...can };
}

function serviceOf({ conditions }: NodeEntry): FileserverSight['service'] {
  const worst = conditions.filter(({ severity }) => severity === 'error');
  if (isRaised(worst, 'ExportFull', 'ExportInodesLow')) return 'full';
  if (isRaised(conditions, 'NfsServerDown', 'DnsmasqDown')) return 'starting';
  if (isRaised(conditions, 'NfsServerStalled')) return 'stalled';
  return isRaised(conditions, 'NfsServerGrace') ? 'grace' : 'ok';
}

/** Without a word of md there are none to wait for only when its collector says so itself. */
function arraysOf({ conditions, facts }: NodeEntry): FileserverSight['arrays'] {
  if (isRaised(conditions, 'RaidRebuilding', 'RaidSyncFrozen')) return 'recovering';
  if (isRaised(conditions, 'RaidDegraded', 'RaidInactive', 'RaidReadOnly', 'RaidMemberFailed', 'RaidEventSkew'))
    return 'degraded';
  const state = facts.number('collector_state', 'raid');
  return state === COLLECTOR_STATES.ok || state === COLLECTOR_STATES['no-data'] ? 'clean' : 'unobserved';
}

type DiskSight = Pick<NodeSight, 'boot' | 'bootSinceMs' | 'nfs' | 'fileserverSawAtMs'>;

export const UNSEEN_DISK: DiskSight = {
  boot: 'none',
  bootSinceMs: 0,
  nfs: 'unobserved',
  fileserverSawAtMs: Number.NEGATIVE_INFINITY,
};

/** What one fileserver knew when it reported last. */
interface Told {
  readonly reportedAtMs: number;
  readonly askedByMac: ReadonlyMap<string, Asked>;
  /** Who answered last at each address. */
  readonly macs: ReadonlyMap<string, string>;
}

/** Of one hardware address. */
interface Asked {
  /** When it asked for something last, in seconds of that fileserver's own clock. */
  readonly asked: number;
  /** When that moved last, on our monotonic clock. */
  readonly movedAtMs: number;
}

/** What is known of a node's power and of this process. */
export interface BootTerms {
  readonly nowMs: number;
  /** When we gave it power last; `undefined` = not since this process started. */
  readonly poweredOnAtMs: number | undefined;
  /** See NodeSight. */
  readonly workedOnUntilMs: number | undefined;
  /** Boots that began before this process are not judged: their end may have been told to another. */
  readonly knowsSinceMs: number;
}

/**
 * Reads of roots and boots of boards. Whether somebody still reads is told by whether the time of the last read moves, never
 * by comparing clocks: no clock that jumps, here or there, makes a node look idle. What a fileserver told is read once.
 */
export class FileserverSights {
  readonly #boards: Pick<Boards, 'seenBy'>;
  readonly #told = new Map<string, Told>();
  readonly #boots = new Map<string, BootBook>();

  constructor(boards: Pick<Boards, 'seenBy'>) {
    this.#boards = boards;
  }

  sight(fileserver: NodeEntry, node: NodeEntry, terms: BootTerms): DiskSight {
    const reportedAtMs = fileserver.lastSeenAtMonotonicMs;
    if (reportedAtMs === undefined) return UNSEEN_DISK;
    const record = this.#boot(fileserver, node, terms);
    const nfs = this.#reads(fileserver, node, reportedAtMs, record !== undefined);
    const fileserverSawAtMs = reportedAtMs - COUNTED_BEFORE_MS;
    if (record === undefined) return { boot: 'none', bootSinceMs: 0, nfs, fileserverSawAtMs };
    const { stage, trouble } = judgeBoot(record, terms.nowMs, BOOT_LIMITS);
    return { boot: trouble ?? stage ?? 'none', bootSinceMs: record.startedMs, nfs, fileserverSawAtMs };
  }

  #reads(fileserver: NodeEntry, entry: NodeEntry, reportedAtMs: number, isBooting: boolean): DiskSight['nfs'] {
    const { askedByMac } = this.#toldBy(fileserver, reportedAtMs);
    let newest: Asked | undefined;
    for (const mac of entry.node.board.macAddresses) {
      const asked = askedByMac.get(mac);
      if (asked !== undefined && (newest === undefined || asked.asked > newest.asked)) newest = asked;
    }
    // Who has not asked for its root yet is idle while it boots; of anybody else nothing is known.
    if (newest === undefined) return isBooting ? 'idle' : 'unobserved';
    if (reportedAtMs - newest.movedAtMs > ASKS_WITHIN_MS) return 'idle';
    return mayBeOld(newest, entry, fileserver) ? 'unobserved' : 'active';
  }

  #toldBy(fileserver: NodeEntry, reportedAtMs: number): Told {
    const { node, facts } = fileserver;
    const known = this.#told.get(node.id);
    if (known?.reportedAtMs === reportedAtMs) return known;
    // Who hangs does not answer for its address, and is forgotten there within seconds: what it asked for before is its all the same.
    const macs = new Map(known?.macs ?? this.#macsOfBoots(fileserver));
    const asked = new Map<string, number>();
    facts.visit((fact, instance, value) => {
      if (fact === 'vlan_peer_mac_text') {
        if (value !== '') macs.set(instance, String(value));
      } else if (fact === 'nfs_client_asked_unix_s') asked.set(instance, Number(value));
    });
    const askedByMac = new Map<string, Asked>();
    for (const [address, atS] of asked) {
      const mac = macs.get(address);
      if (mac === undefined || atS <= (askedByMac.get(mac)?.asked ?? -Infinity)) continue;
      const before = known?.askedByMac.get(mac);
      const isSame = before !== undefined && Math.abs(atS - before.asked) <= JITTER_S;
      askedByMac.set(mac, isSame ? before : { asked: atS, movedAtMs: reportedAtMs });
    }
    const told = { reportedAtMs, askedByMac, macs };
    this.#told.set(node.id, told);
    return told;
  }

  /** By the addresses that boards were given when they booted: all that is known of who hung before this process began. */
  #macsOfBoots(fileserver: NodeEntry): ReadonlyMap<string, string> {
    const { records } = this.#bootsOf(fileserver);
    const oldestFirst = records.toSorted((a, b) => a.seenMs - b.seenMs);
    return new Map(oldestFirst.flatMap(({ address, mac }) => (address === '' || mac === '' ? [] : [[address, mac]])));
  }

  /** The boot that is under way; `undefined` = none, or nobody saw one. */
  #boot(fileserver: NodeEntry, node: NodeEntry, terms: BootTerms): BootRecord | undefined {
    const { poweredOnAtMs, workedOnUntilMs, knowsSinceMs } = terms;
    const record = sincePower(this.#bootsOf(fileserver).newestOf(node.node.board), poweredOnAtMs);
    if (record === undefined || record.startedMs < knowsSinceMs || isOver(record, node)) return undefined;
    // How often it started before the last action is no evidence of what it does since.
    const sinceMs = Math.max(poweredOnAtMs ?? -Infinity, workedOnUntilMs ?? -Infinity) - SLACK_MS;
    const startsMs = record.startsMs.filter((atMs) => atMs >= sinceMs);
    return startsMs.length === record.startsMs.length ? record : { ...record, startsMs };
  }

  #bootsOf(fileserver: NodeEntry): BootBook {
    const records = this.#boards.seenBy(fileserver);
    const known = this.#boots.get(fileserver.node.id);
    if (known?.records === records) return known;
    const book = new BootBook(records);
    this.#boots.set(fileserver.node.id, book);
    return book;
  }
}

/** Of who is silent: whether it may have asked before it fell silent, and hang since. Then its next turn to ask is waited for. */
function mayBeOld({ movedAtMs }: Asked, node: NodeEntry, fileserver: NodeEntry): boolean {
  const { liveness, lastSeenAtMonotonicMs: seenAtMs } = node;
  if (liveness !== 'silent' || seenAtMs === undefined) return false;
  return movedAtMs - seenAtMs <= node.reportIntervalMs + COUNTED_BEFORE_MS + fileserver.reportIntervalMs + SLACK_MS;
}

/**
 * It said hello since: whatever is wrong with it now is not its boot. When its kernel started is not enough to go by: a fileserver that
 * started with its boards reads in its log later than they booted that they did.
 */
function isOver({ startedMs }: BootRecord, node: NodeEntry): boolean {
  const { bootedAtMonotonicMs: bootedAtMs = -Infinity, lastSeenAtMonotonicMs: seenAtMs = -Infinity } = node;
  return bootedAtMs >= startedMs - SLACK_MS || seenAtMs > startedMs + SLACK_MS;
}

/** We gave it power and nothing was heard of it since: what is waited for is its first request. */
function sincePower(newest: BootRecord | undefined, poweredOnAtMs: number | undefined): BootRecord | undefined {
  if (poweredOnAtMs === undefined || (newest !== undefined && newest.seenMs > poweredOnAtMs - SLACK_MS)) return newest;
  return {
    mac: '',
    serial: '',
    address: '',
    interfaceName: '',
    startedMs: poweredOnAtMs,
    stagesMs: { 'power-on': poweredOnAtMs },
    firstFileMs: undefined,
    missedMs: undefined,
    missedFirmware: false,
    startsMs: [poweredOnAtMs],
    seenMs: poweredOnAtMs,
  };
}
