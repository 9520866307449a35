import { BrambleError } from '../contract/errors.js';
import { FACTS, type FactName, factName } from '../contract/facts.js';
import type { Report } from '../gen/bramble/agent/v1/report.js';
import { SERIES_PER_STREAM_MAX } from './series-limits.js';
import { StringPool } from './string-pool.js';

/** One series as a report changes it; `undefined` = no data from now on. */
export interface SeriesChange {
  readonly fact: FactName;
  readonly instance: string;
  readonly value: number | string | undefined;
}

export interface DecodedReport {
  readonly sequence: number;
  /** True: what is not among the changes has no data. */
  readonly full: boolean;
  /** Milliseconds since the node's boot. */
  readonly takenAtMs: number;
  readonly changes: readonly SeriesChange[];
}

/** In place of a fact's id for one of a newer agent: its numbers are kept in step, its values are nobody's business. */
const UNKNOWN_FACT = 0;
const GROWTH = 16;

/**
 * Turns the reports of one stream back into facts. Ten thousand of these live in one process, so that a series costs 10
 * bytes and a pointer to its instance; texts are not kept at all.
 */
export class SeriesDecoder {
  readonly #strings: StringPool;
  #facts = new Uint16Array(0);
  #values = new Float64Array(0);
  #instances: string[] = [];
  #sequence = 0;
  #takenAtMs = 0;
  /** A delta means something: a full report came, and every report since. */
  #isInStep = false;

  constructor(strings: StringPool = new StringPool()) {
    this.#strings = strings;
  }

  /**
   * After any error only a full report is taken.
   * @throws BrambleError `data-loss`: this end lost track, ask for a Resync; `invalid-argument`: no agent of ours sends that
   */
  decode(report: Report): DecodedReport {
    const wasInStep = this.#isInStep;
    this.#isInStep = false;
    if (!Number.isSafeInteger(report.sequence) || report.sequence <= this.#sequence) {
      throw new BrambleError('invalid-argument', `report ${report.sequence} comes after report ${this.#sequence}`);
    }
    if (report.seriesStep.length !== report.change.length) {
      throw new BrambleError('invalid-argument', 'a report names another number of series than it has changes');
    }
    if (report.full) this.#forgetSeries();
    else if (!wasInStep || report.sequence !== this.#sequence + 1) {
      throw new BrambleError('data-loss', `report ${report.sequence} does not follow report ${this.#sequence}`);
    }
    const takenAtMs = report.full ? report.takenAtMs : this.#takenAtMs + report.takenAtMs;
    if (!Number.isSafeInteger(takenAtMs) || takenAtMs < 0) {
      throw new BrambleError('data-loss', `report ${report.sequence} was taken at an impossible time`);
    }
    this.#define(report);
    const changes: SeriesChange[] = [];
    this.#takeNumbers(report, changes);
    this.#takeTexts(report, changes);
    this.#takeWithdrawn(report, changes);
    this.#sequence = report.sequence;
    this.#takenAtMs = takenAtMs;
    this.#isInStep = true;
    return { sequence: report.sequence, full: report.full, takenAtMs, changes };
  }

  #forgetSeries(): void {
    this.#instances = [];
    this.#values.fill(0);
  }

  #define({ define }: Report): void {
    if (this.#instances.length + define.length > SERIES_PER_STREAM_MAX) {
      throw new BrambleError('data-loss', `more than ${SERIES_PER_STREAM_MAX} series on one stream`);
    }
    this.#grow(this.#instances.length + define.length);
    for (const { series, fact, instance } of define) {
      if (series !== this.#instances.length + 1) {
        throw new BrambleError('data-loss', `series ${series} is defined after ${this.#instances.length} others`);
      }
      const name = factName(fact);
      this.#facts[series - 1] = name === undefined ? UNKNOWN_FACT : FACTS[name].id;
      this.#instances.push(name === undefined ? '' : this.#strings.share(instance));
    }
  }

  /** In small steps: doubling would leave half of it empty for ever. */
  #grow(count: number): void {
    if (count <= this.#facts.length) return;
    const size = Math.ceil(count / GROWTH) * GROWTH;
    const [facts, values] = [new Uint16Array(size), new Float64Array(size)];
    facts.set(this.#facts);
    values.set(this.#values);
    [this.#facts, this.#values] = [facts, values];
  }

  #takeNumbers({ seriesStep, change }: Report, changes: SeriesChange[]): void {
    let series = 0;
    for (const [at, step] of seriesStep.entries()) {
      if (step < 1) throw new BrambleError('invalid-argument', `series ${series} changes twice in one report`);
      series += step;
      const fact = this.#factOf(series);
      const value = (this.#values[series - 1] ?? 0) + (change[at] ?? 0);
      if (!Number.isSafeInteger(value)) throw new BrambleError('data-loss', `series ${series} is beyond 2^53`);
      this.#values[series - 1] = value;
      if (fact === undefined) continue;
      if (FACTS[fact].kind === 'text') throw new BrambleError('invalid-argument', `${fact} is no number`);
      changes.push({ fact, instance: this.#instanceOf(series), value });
    }
  }

  #takeTexts({ text }: Report, changes: SeriesChange[]): void {
    for (const { series, text: value } of text) {
      const fact = this.#factOf(series);
      if (fact === undefined) continue;
      if (FACTS[fact].kind !== 'text') throw new BrambleError('invalid-argument', `${fact} is no text`);
      changes.push({ fact, instance: this.#instanceOf(series), value });
    }
  }

  #takeWithdrawn({ withdrawn }: Report, changes: SeriesChange[]): void {
    for (const series of withdrawn) {
      const fact = this.#factOf(series);
      if (fact !== undefined) changes.push({ fact, instance: this.#instanceOf(series), value: undefined });
    }
  }

  /** `undefined` for a fact that this program does not know. @throws BrambleError `data-loss` for a series never defined */
  #factOf(series: number): FactName | undefined {
    if (!(series >= 1 && series <= this.#instances.length)) {
      throw new BrambleError('data-loss', `series ${series} was never defined on this stream`);
    }
    return factName(this.#facts[series - 1] ?? UNKNOWN_FACT);
  }

  #instanceOf(series: number): string {
    return this.#instances[series - 1] ?? '';
  }
}
