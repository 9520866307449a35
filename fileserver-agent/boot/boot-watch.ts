import type { AgentProbe } from '../../agent/kit/collect/probe.js';
import type { TailPosition } from '../../agent/kit/host/log-tail.js';
import type { Host } from '../../agent/kit/host/ports.js';
import { boardBootOf } from '../../agent/kit/report/board-boot.js';
import { judgeBoot } from '../../proto/contract/boot/judge.js';
import type { BootRecord } from '../../proto/contract/boot/record.js';
import { BOOT_LIMITS, type BootLimits, type BootTrouble } from '../../proto/contract/boot/stage.js';
import type { BootPaths, FollowedSources } from '../sources.js';
import { Allowance } from './allowance.js';
import { BoardTable } from './board-table.js';
import { type KeptBoots, parseKeptBoots, renderKeptBoots } from './kept-boots.js';
import { type LineHead, parseBootLine } from './log-line.js';
import { newMounts, parseLeases, parseRmtab } from './small-files.js';

const POLL_MS = 1_000;
const LEASES_EVERY_MS = 60_000;
/** A shelf that boots changes every second; writing it all down so often would wear the disk for nothing. */
const KEEP_EVERY_MS = 10_000;
/** A line that is not older than this was written since the last look: the look's own clock is the better one. */
const FRESH_MS = 3_000;
/** Of a log that is read for the first time, what is older than this is history. */
const HISTORY_MS = 900_000;
const LINES_PER_POLL_MAX = 20_000;

export interface BootWatchOptions {
  readonly sources: Pick<FollowedSources, 'tail' | 'localTime'>;
  readonly paths: BootPaths;
  readonly probe: Pick<AgentProbe, 'happened' | 'bootId'>;
  /** Nobody here hears the agent of a board: waiting for it is the controller's. */
  readonly limits?: BootLimits;
}

/** What the agent on a board does is not seen from here. */
const OWN_LIMITS: BootLimits = { ...BOOT_LIMITS, helloMs: Number.MAX_SAFE_INTEGER };

/** What was told of a board, and of which record: it is looked at again when there is another one, or time alone changes it. */
interface Shown {
  readonly startedMs: number;
  readonly stagesCount: number;
  readonly trouble: BootTrouble | undefined;
  /** `undefined`: of an earlier process. */
  readonly record: BootRecord | undefined;
  readonly dueMs: number;
}

/** Follows the logs of the boot path, and tells of every stage that a board reaches and of where it hangs. */
export class BootWatch {
  readonly #options: BootWatchOptions;
  readonly #limits: BootLimits;
  readonly #table = new BoardTable();
  readonly #positions = new Map<string, TailPosition>();
  readonly #shown = new Map<string, Shown>();
  // A shelf of 96 boards that boot together has 700 stages within some minutes.
  readonly #allowance = new Allowance(200, 10);
  #mounts: ReadonlyMap<string, number> | undefined;
  #mountsText: string | undefined;
  #leasesDueMs = Number.NEGATIVE_INFINITY;
  /** The last one that was read, and what time it is by its stamp. */
  #head: LineHead | undefined;
  #headMs = 0;
  #keepDueMs = Number.NEGATIVE_INFINITY;
  #isChanged = false;
  linesCount = 0;
  skippedBytes = 0;
  eventsDroppedCount = 0;
  /** `undefined` before the first look. */
  isFollowing: boolean | undefined;

  constructor(options: BootWatchOptions) {
    this.#options = options;
    this.#limits = options.limits ?? OWN_LIMITS;
  }

  get table(): BoardTable {
    return this.#table;
  }

  troubleOf(record: BootRecord, nowMs: number): BootTrouble | undefined {
    return judgeBoot(record, nowMs, this.#limits).trouble;
  }

  async run(host: Pick<Host, 'clock' | 'files' | 'kernel'>, signal: AbortSignal): Promise<void> {
    await this.#restore(host);
    try {
      for (;;) {
        await this.look(host);
        if (host.clock.monotonicMs() >= this.#keepDueMs) await this.#keep(host);
        await host.clock.sleep(POLL_MS, signal);
      }
    } finally {
      await this.#keep(host);
    }
  }

  /** One look at everything. */
  async look({ clock, kernel }: Pick<Host, 'clock' | 'kernel'>): Promise<void> {
    const nowMs = Math.round(clock.monotonicMs()); // times of records are whole numbers
    this.#learnLeases(kernel, nowMs);
    const before = this.linesCount;
    this.isFollowing = false;
    for (const path of this.#options.paths.logs) await this.#readLog(path, nowMs, clock.nowMs());
    const isMounted = this.#readMounts(kernel.readText(this.#options.paths.mounts), nowMs);
    const isTold = this.#tell(nowMs);
    this.#isChanged ||= this.linesCount > before || isMounted || isTold;
  }

  /** What is not on storage is read and told again after a crash. */
  async #keep({ files, clock }: Pick<Host, 'clock' | 'files'>): Promise<void> {
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#keepDueMs = clock.monotonicMs() + KEEP_EVERY_MS;
    await files.writeAtomic(this.#options.paths.state, renderKeptBoots(this.#kept())).catch(() => undefined); // as above
  }

  #kept(): KeptBoots {
    return { bootId: this.#options.probe.bootId, positions: this.#positions, states: this.#table.states() };
  }

  async #restore({ files }: Pick<Host, 'files'>): Promise<void> {
    const text = await files.readText(this.#options.paths.state).catch(() => undefined); // then it begins anew
    const kept = text === undefined ? undefined : parseKeptBoots(text);
    if (kept === undefined) return;
    for (const [path, position] of kept.positions) this.#positions.set(path, position);
    // Times are of the boot in which they were taken.
    if (kept.bootId !== this.#options.probe.bootId) return;
    this.#table.restore(kept.states);
    for (const { record } of kept.states) {
      this.#shown.set(keyOf(record), { ...shownOf(record), trouble: undefined, record: undefined, dueMs: 0 });
    }
  }

  #learnLeases(kernel: Host['kernel'], nowMs: number): void {
    if (nowMs < this.#leasesDueMs) return;
    this.#leasesDueMs = nowMs + LEASES_EVERY_MS;
    for (const { mac, address } of parseLeases(kernel.readText(this.#options.paths.leases) ?? ''))
      this.#table.learnLease(mac, address);
  }

  async #readLog(path: string, nowMs: number, wallMs: number): Promise<void> {
    for (let lines = 0; lines < LINES_PER_POLL_MAX; ) {
      const known = this.#positions.get(path);
      const read = await this.#options.sources.tail.read(path, known);
      if (read === undefined) return;
      this.isFollowing = true;
      this.#positions.set(path, read.position);
      this.skippedBytes += read.skippedBytes;
      this.linesCount += read.lines.length;
      lines += read.lines.length;
      for (const text of read.lines) this.#take(text, nowMs, wallMs, known === undefined);
      if (!read.more) return;
    }
  }

  #take(text: string, nowMs: number, wallMs: number, isFirstRead: boolean): void {
    const parsed = parseBootLine(text, this.#head);
    if (parsed === undefined) return;
    const ageMs = this.#ageOf(parsed.head, wallMs);
    if (isFirstRead && ageMs > HISTORY_MS) return;
    this.#table.take(parsed.line, ageMs <= FRESH_MS ? nowMs : nowMs - ageMs);
  }

  /** A stamp of the future is one of a clock that was set: the line is new. */
  #ageOf(head: LineHead, wallMs: number): number {
    // Dozens of lines bear the same head, and the rules of time zones are dear.
    if (head !== this.#head) this.#headMs = this.#options.sources.localTime(head.stamp, wallMs);
    this.#head = head;
    return Math.max(0, wallMs - this.#headMs);
  }

  #readMounts(text: string | undefined, nowMs: number): boolean {
    if (text === this.#mountsText && this.#mounts !== undefined) return false;
    this.#mountsText = text;
    const mounts = parseRmtab(text ?? '');
    // Who has mounted before the first look may have done so in the boot that the log shows: better taken for it than for one that hangs.
    const addresses = newMounts(this.#mounts ?? new Map(), mounts);
    this.#mounts = mounts;
    for (const address of addresses) this.#table.mounted(address, nowMs);
    return addresses.length > 0;
  }

  /** Tells what is new of each board. */
  #tell(nowMs: number): boolean {
    let isTold = false;
    const records = this.#table.records();
    for (const record of records) {
      const key = keyOf(record);
      const before = this.#shown.get(key);
      if (before?.record === record && nowMs < before.dueMs) continue;
      const { trouble, dueMs = Number.POSITIVE_INFINITY } = judgeBoot(record, nowMs, this.#limits);
      const now: Shown = { ...shownOf(record), trouble, record, dueMs };
      this.#shown.set(key, now);
      const isSameBoot = before?.startedMs === now.startedMs && before.stagesCount === now.stagesCount;
      // The end of a trouble shows in the next stage.
      if (isSameBoot && (before.trouble === trouble || trouble === undefined)) continue;
      isTold = true;
      if (this.#allowance.take(nowMs)) {
        this.#options.probe.happened({ $case: 'boardBoot', value: boardBootOf(record, trouble) });
      } else this.eventsDroppedCount += 1;
    }
    if (this.#shown.size === records.length) return isTold;
    const known = new Set(records.map(keyOf));
    for (const key of this.#shown.keys()) if (!known.has(key)) this.#shown.delete(key);
    return isTold;
  }
}

const keyOf = ({ mac, address }: BootRecord): string => mac || address;

function shownOf({ startedMs, stagesMs }: BootRecord): Pick<Shown, 'startedMs' | 'stagesCount'> {
  return { startedMs, stagesCount: Object.keys(stagesMs).length };
}
