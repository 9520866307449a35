import type { BoardView, NodeBootView } from '../../proto/contract/api/boot.js';
import { judgeBoot } from '../../proto/contract/boot/judge.js';
import type { BoardSight, BootRecord } from '../../proto/contract/boot/record.js';
import { parseBootRecord } from '../../proto/contract/boot/record-text.js';
import { BOOT_LIMITS } from '../../proto/contract/boot/stage.js';
import { TROUBLE_WORDS } from '../../proto/contract/boot/words.js';
import type { Clock } from '../../proto/contract/clock.js';
import type { NodeId } from '../../proto/contract/ids.js';
import { atWallClock, bootView, isBoardOf, joinOwnWord, type OwnWord } from '../domain/boot.js';
import type { NodeEntry, NodeTable } from './node-table.js';

export type BoardName = Pick<BoardSight, 'mac' | 'serial' | 'address'>;

/** Boards of one fileserver whose last event is newer than its last report. */
const TOLD_PER_FILESERVER_MAX = 256;
/** Boards in one answer. */
const BOARDS_MAX = 1_000;

interface OwnBoot {
  readonly bootId: string;
  helloMs: number;
  verifiedMs: number | undefined;
  /** When its system went down in good order before this boot; `undefined` = it did not. */
  readonly restartedMs: number | undefined;
}

/** Ports of one switch that are remembered. */
const PORTS_MAX = 128;

/** What was made of all that a fileserver told, until it tells more. */
interface SeenBoots {
  readonly toldCount: number;
  readonly reportedAtMs: number | undefined;
  readonly bootedAtMs: number | undefined;
  readonly records: readonly BootRecord[];
}

/** A port that a command gave power. */
interface SwitchedPort {
  readonly atMs: number;
  /** Who was on it then: a switch forgets them with the link. */
  readonly macs: string;
}

/**
 * The boards that fileservers see boot. In memory: fileservers tell of every stage as it comes, and report all boards anew
 * whenever they connect, so that a controller that was away knows them within a report.
 */
export class Boards {
  readonly #nodes: NodeTable;
  readonly #clock: Clock;
  /** By fileserver, then by MAC or address; times of that fileserver's own clock. */
  readonly #told = new Map<NodeId, Map<string, BootRecord>>();
  readonly #toldCounts = new Map<NodeId, number>();
  readonly #seen = new Map<NodeId, SeenBoots>();
  readonly #own = new Map<NodeId, OwnBoot>();
  /** By switch, then by port. */
  readonly #switched = new Map<NodeId, Map<string, SwitchedPort>>();

  constructor(nodes: NodeTable, clock: Clock) {
    this.#nodes = nodes;
    this.#clock = clock;
  }

  /** A fileserver told of a stage, and it is committed. */
  told({ node }: NodeEntry, record: BootRecord): void {
    const known = this.#told.get(node.id) ?? new Map<string, BootRecord>();
    this.#told.set(node.id, known);
    this.#toldCounts.set(node.id, (this.#toldCounts.get(node.id) ?? 0) + 1);
    const key = nameOf(record);
    known.delete(key);
    known.set(key, record);
    for (const oldest of known.keys()) {
      if (known.size <= TOLD_PER_FILESERVER_MAX) break;
      known.delete(oldest);
    }
  }

  /** Whether a fileserver told before that this board starts over and over: each further start would bury everything else. */
  isKnownLoop({ node }: NodeEntry, record: BootRecord): boolean {
    const before = this.#told.get(node.id)?.get(nameOf(record));
    return before !== undefined && judgeBoot(before, before.seenMs, BOOT_LIMITS).trouble === 'boot-loop';
  }

  /** A node said hello. */
  connected(entry: NodeEntry): void {
    const { node, bootId } = entry;
    if (this.#own.get(node.id)?.bootId === bootId) return;
    const restartedMs = restartedAtMs(entry);
    this.#own.set(node.id, { bootId, helloMs: this.#clock.nowMs(), verifiedMs: undefined, restartedMs });
  }

  /** A switch told that it gave a port power, because somebody wanted it so. */
  switchedOn({ node, facts }: NodeEntry, port: string, atMs: number): void {
    const ports = this.#switched.get(node.id) ?? new Map<string, SwitchedPort>();
    this.#switched.set(node.id, ports);
    ports.delete(port);
    ports.set(port, { atMs, macs: facts.text('port_macs_text', port) ?? '' });
    for (const oldest of ports.keys()) {
      if (ports.size <= PORTS_MAX) break;
      ports.delete(oldest);
    }
  }

  /** A node reported, and its conditions were judged. */
  reported({ node, conditions, bootedAtMs = Number.NEGATIVE_INFINITY }: NodeEntry): void {
    const own = this.#own.get(node.id);
    if (own === undefined || own.verifiedMs !== undefined) return;
    // What began before this boot and still counts was not its doing: some of it is counted for an hour.
    const isWell = !conditions.some(
      ({ status, severity, sinceMs }) => status === 'true' && severity !== 'info' && sinceMs >= bootedAtMs,
    );
    if (isWell) own.verifiedMs = this.#clock.nowMs();
  }

  /** The node that a board belongs to, within the site of its fileserver. */
  nodeOf(fileserver: NodeEntry, board: BoardName): NodeId | undefined {
    return this.#entryOf(fileserver, board)?.node.id;
  }

  /** Seen last first. */
  all(): readonly BoardView[] {
    const boards: BoardView[] = [];
    for (const entry of this.#nodes.all()) {
      if (entry.node.kind !== 'fileserver') continue;
      for (const record of this.#records(entry)) boards.push(this.#view(entry, record, this.#entryOf(entry, record)));
    }
    return boards.toSorted((a, b) => b.seenAtMs - a.seenAtMs).slice(0, BOARDS_MAX);
  }

  /** How the present boot of a node stands. */
  bootOf(entry: NodeEntry): NodeBootView {
    let newest: { readonly fileserver: NodeEntry; readonly record: BootRecord } | undefined;
    for (const fileserver of this.#nodes.all()) {
      if (fileserver.node.kind !== 'fileserver' || fileserver.node.site !== entry.node.site) continue;
      for (const record of this.#records(fileserver)) {
        const isOwn = isBoardOf(record, entry.node.board);
        if (isOwn && record.seenMs > (newest?.record.seenMs ?? -Infinity)) newest = { fileserver, record };
      }
    }
    if (newest === undefined) {
      return { state: 'unknown', words: 'No fileserver of its site has seen its board boot.', steps: [] };
    }
    const joined = joinOwnWord(newest.record, this.#ownWord(entry));
    const { trouble: _trouble, ...view } = bootView(joined, this.#clock.nowMs());
    const silent =
      newest.fileserver.session === undefined ? ' Its fileserver is not connected: there may be more.' : '';
    return { ...view, words: view.words + silent, board: this.#view(newest.fileserver, newest.record, entry) };
  }

  #entryOf(fileserver: NodeEntry, board: Pick<BoardSight, 'mac' | 'serial'>): NodeEntry | undefined {
    for (const entry of this.#nodes.all()) {
      const { kind, site, lifecycle } = entry.node;
      if (
        kind === 'pi' &&
        site === fileserver.node.site &&
        lifecycle !== 'revoked' &&
        isBoardOf(board, entry.node.board)
      ) {
        return entry;
      }
    }
    return undefined;
  }

  #view(fileserver: NodeEntry, record: BootRecord, entry: NodeEntry | undefined): BoardView {
    const joined = entry === undefined ? record : joinOwnWord(record, this.#ownWord(entry));
    const { trouble, steps } = bootView(joined, this.#clock.nowMs());
    const stage = steps.at(-1)?.stage;
    return {
      mac: record.mac,
      serial: record.serial,
      address: record.address,
      interfaceName: record.interfaceName,
      fileserverId: fileserver.node.id,
      fileserverName: fileserver.node.name,
      site: fileserver.node.site,
      startedAtMs: joined.startedMs,
      seenAtMs: record.seenMs,
      ...(stage !== undefined && { stage }),
      ...(trouble !== undefined && { hang: { trouble, ...TROUBLE_WORDS[trouble] } }),
      ...(entry !== undefined && { nodeId: entry.node.id, nodeName: entry.node.name }),
    };
  }

  #ownWord(entry: NodeEntry): OwnWord {
    const own = this.#own.get(entry.node.id);
    const isThisBoot = own?.bootId === entry.bootId;
    const wasDownMs = entry.session === undefined ? restartedAtMs(entry) : isThisBoot ? own?.restartedMs : undefined;
    return {
      powerOnMs: latest(wasDownMs, this.#powerOnMs(entry)),
      bootedAtMs: entry.bootedAtMs,
      helloMs: isThisBoot ? own?.helloMs : undefined,
      verifiedMs: isThisBoot ? own?.verifiedMs : undefined,
    };
  }

  /** When a switch of its site last gave its port power; `undefined` where none is known to have. */
  #powerOnMs({ node }: NodeEntry): number | undefined {
    let atMs: number | undefined;
    for (const [switchId, ports] of this.#switched) {
      const entry = this.#nodes.get(switchId);
      if (entry?.node.site !== node.site) continue;
      for (const [port, switched] of ports) {
        const macs = `${switched.macs} ${entry.facts.text('port_macs_text', port) ?? ''}`;
        if (node.board.macAddresses.some((mac) => macs.includes(mac))) atMs = latest(atMs, switched.atMs);
      }
    }
    return atMs;
  }

  /** What was told last of each board, by the controller's monotonic clock; the same list until something more is told. */
  seenBy(fileserver: NodeEntry): readonly BootRecord[] {
    const { node, bootedAtMonotonicMs: bootedAtMs, lastSeenAtMonotonicMs: reportedAtMs } = fileserver;
    const toldCount = this.#toldCounts.get(node.id) ?? 0;
    const known = this.#seen.get(node.id);
    const isSame = known?.toldCount === toldCount && known.reportedAtMs === reportedAtMs;
    if (isSame && known.bootedAtMs === bootedAtMs) return known.records;
    const records = [...this.#records(fileserver, bootedAtMs)];
    this.#seen.set(node.id, { toldCount, reportedAtMs, bootedAtMs, records });
    return records;
  }

  /** How often a board has begun to boot since then, as far as its fileserver remembers; by the wall clock. */
  startsSince(fileserver: NodeEntry, serial: string, sinceMs: number): number {
    const records = [...this.#records(fileserver)].filter((record) => record.serial === serial);
    return Math.max(0, ...records.map(({ startsMs }) => startsMs.filter((atMs) => atMs >= sinceMs).length));
  }

  /** What was told last of each board, by the clock of `bootedAtMs`: the controller's wall clock. */
  *#records({ node, facts, bootedAtMs: atMs }: NodeEntry, bootedAtMs = atMs): IterableIterator<BootRecord> {
    if (bootedAtMs === undefined) return;
    const records = new Map(this.#told.get(node.id));
    for (const instance of facts.instances('board_boot_text')) {
      const record = parseBootRecord(facts.text('board_boot_text', instance) ?? '');
      if (record === undefined) continue;
      const told = records.get(nameOf(record));
      if (told === undefined || record.seenMs >= told.seenMs) records.set(nameOf(record), record);
    }
    for (const record of records.values()) yield atWallClock(record, bootedAtMs);
  }
}

/** When it said that its system restarts, and as long as it is not back. */
const restartedAtMs = ({ goodbye, lastSeenAtMs }: NodeEntry): number | undefined =>
  goodbye === 'reboot' ? lastSeenAtMs : undefined;

const latest = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);

const nameOf = ({ mac, address }: Pick<BoardSight, 'mac' | 'address'>): string => mac || address;
