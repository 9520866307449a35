import {
  KERNEL_LOG_LINE_MAX_CHARACTERS,
  KERNEL_LOG_RULES,
  type KernelLogMeaning,
  type KernelLogRule,
} from '../../../proto/contract/kernel-log.js';
import { visible } from '../../../proto/contract/visible.js';
import type { KernelLogMatch } from '../../kit/collect/probe.js';

/** One event per rule in this time: what a dying card writes in a minute would fill every outbox. */
const QUIET_MS = 600_000;

interface Tally {
  /** Of a permanent rule: since what it tells of began. */
  count: number;
  /** Not told in an event yet. */
  pending: number;
  line: string;
  toldMs: number;
}

/** Counts matches per rule and decides when one is told as an event. */
export class KernelLogTally {
  readonly #tallies = new Map<KernelLogRule, Tally>();

  add(rule: KernelLogRule, line: string): void {
    const tally = this.#tallies.get(rule) ?? { count: 0, pending: 0, line, toldMs: Number.NEGATIVE_INFINITY };
    tally.count += 1;
    tally.pending += 1;
    tally.line = line;
    this.#tallies.set(rule, tally);
    for (const [other, otherTally] of this.#tallies) {
      const meaning: KernelLogMeaning = KERNEL_LOG_RULES[other];
      if (meaning.clearedBy === rule) otherTally.count = 0;
    }
  }

  /** Rules that have matched, and how often. */
  counts(): readonly { readonly rule: KernelLogRule; readonly count: number }[] {
    return [...this.#tallies].map(([rule, { count }]) => ({ rule, count }));
  }

  /** What is to be told now. */
  takeDue(nowMs: number): readonly KernelLogMatch[] {
    const due: KernelLogMatch[] = [];
    for (const [rule, tally] of this.#tallies) {
      if (tally.pending === 0 || nowMs - tally.toldMs < QUIET_MS) continue;
      due.push({ rule, line: visible(tally.line, KERNEL_LOG_LINE_MAX_CHARACTERS), count: tally.pending });
      tally.pending = 0;
      tally.toldMs = nowMs;
    }
    return due;
  }
}
