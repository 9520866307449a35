import { FACT_VALUE_MAX, FACTS, type FactName, type Sample } from '../contract/facts.js';
import type { FactId, Report } from '../gen/bramble/agent/v1/report.js';
import { INSTANCE_BYTES_MAX, REPORT_BYTES_MAX, SERIES_PER_STREAM_MAX, TEXT_BYTES_MAX } from './series-limits.js';

/** A series of this stream, and what the other end knows of it. */
interface Series {
  readonly series: number;
  readonly fact: FactName;
  readonly instance: string;
  /** Last value sent, whole; stays through a withdrawal, because the other end keeps it too. */
  value: number;
  text: string | undefined;
  /** It has a value at the other end. */
  isPresent: boolean;
  /** Number of the report in whose samples it was found last. */
  foundIn: number;
}

/** Upper bounds of what a part of a report takes, bytes: tags, lengths and numbers of a definition with its value. */
const DEFINITION_BYTES = 16;
const CHANGE_BYTES = 16;
const UTF8_BYTES_PER_UNIT_MAX = 3;

/** Turns sample sets into the reports of one stream. */
export class SeriesEncoder {
  #seriesByFact = new Map<FactName, Map<string, Series>>();
  #all: Series[] = [];
  /** Position in #all of the series that the last sample belonged to: samples come in the same order every time. */
  #lastAt = -1;
  /** Series that have a value at the other end. */
  #presentCount = 0;
  #sequence = 0;
  #lastTakenAtMs = 0;
  #refusedCount = 0;
  readonly #scratch = new Uint8Array(TEXT_BYTES_MAX);
  readonly #utf8 = new TextEncoder();

  /** Samples left out so far: not finite, too large, twice in one set, or over a limit. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** Forgets the stream; the next report is the first of a new one. `refusedCount` goes on. */
  reset(): void {
    this.#forgetSeries();
    this.#sequence = 0;
    this.#lastTakenAtMs = 0;
  }

  /**
   * The next report of the stream, also when nothing has changed: it is the sign of life. `takenAtMs`: since boot.
   * The first one is full whatever `full` says; so is one that a delta cannot express. A sample set too large for one
   * message is spread over this report and the next ones. Never throws for a value.
   */
  encode(samples: readonly Sample[], takenAtMs: number, full: boolean): Report {
    const mayBeDelta = !full && this.#sequence > 0;
    this.#sequence += 1;
    const roundedMs = Math.max(Math.round(takenAtMs), this.#lastTakenAtMs);
    const sinceLastMs = roundedMs - this.#lastTakenAtMs;
    this.#lastTakenAtMs = roundedMs;
    const delta = mayBeDelta ? this.#encode(samples) : undefined;
    if (delta !== undefined) return { ...delta, sequence: this.#sequence, full: false, takenAtMs: sinceLastMs };
    this.#forgetSeries();
    // Nothing is known at the other end, so there is nothing that a full report could not express.
    const whole = this.#encode(samples) ?? EMPTY;
    return { ...whole, sequence: this.#sequence, full: true, takenAtMs: roundedMs };
  }

  #forgetSeries(): void {
    this.#presentCount = 0;
    this.#seriesByFact = new Map();
    this.#all = [];
  }

  /** `undefined` when only a full report can say it: a step beyond what is exact, or the numbers have run out. */
  #encode(samples: readonly Sample[]): ReportBody | undefined {
    const draft = new Draft();
    const all = this.#all;
    const sequence = this.#sequence;
    let refusedCount = 0;
    let takenCount = 0;
    let isDeferring = false;
    this.#lastAt = -1;
    for (const sample of samples) {
      const next = all[this.#lastAt + 1];
      if (next !== undefined && saysTheSame(next, sample) && next.foundIn !== sequence) {
        next.foundIn = sequence; // nearly always, and cheap: agents run this without a compiler
        this.#lastAt += 1;
        takenCount += 1;
        continue;
      }
      const fate = this.#take(sample, draft);
      if (fate === 'needs-full') return undefined;
      if (fate === 'refused') refusedCount += 1;
      if (fate === 'taken') takenCount += 1;
      if (fate === 'deferred') isDeferring = true;
    }
    this.#refusedCount += refusedCount;
    if (isDeferring || takenCount < this.#presentCount) this.#withdraw(draft);
    return draft.body();
  }

  /** Takes back what was not found this time. */
  #withdraw(draft: Draft): void {
    for (const series of this.#all) {
      if (!series.isPresent || series.foundIn === this.#sequence) continue;
      series.isPresent = false;
      this.#presentCount -= 1;
      draft.withdrawn.push(series.series);
    }
  }

  #take(sample: Sample, draft: Draft): 'taken' | 'deferred' | 'refused' | 'needs-full' {
    const { fact, instance, value } = sample;
    if (typeof value === 'number' && !(Math.abs(value) <= FACT_VALUE_MAX)) return 'refused'; // written so for NaN
    let series = this.#find(fact, instance);
    if (series?.foundIn === this.#sequence) return 'refused';
    if (series === undefined) {
      if (this.#bytesOf(instance) > INSTANCE_BYTES_MAX) return 'refused';
      if (this.#all.length >= SERIES_PER_STREAM_MAX) return this.#hasUnused() ? 'needs-full' : 'refused';
      if (!draft.reserve(DEFINITION_BYTES + UTF8_BYTES_PER_UNIT_MAX * instance.length)) return 'deferred';
      series = newSeries(this.#all.length + 1, fact, instance);
      this.#all.push(series);
      this.#instancesOf(fact).set(instance, series);
      // Names of both lists are the same by contract, and a test holds them together.
      draft.define.push({ series: series.series, fact: FACTS[fact].id as FactId, instance });
    }
    series.foundIn = this.#sequence;
    this.#lastAt = series.series - 1;
    const wasPresent = series.isPresent;
    const fate = typeof value === 'string' ? this.#takeText(series, value, draft) : takeNumber(series, value, draft);
    if (!wasPresent && series.isPresent) this.#presentCount += 1;
    return fate;
  }

  #takeText(series: Series, text: string, draft: Draft): 'taken' | 'deferred' {
    if (series.isPresent && series.text === text) return 'taken';
    const cut = this.#cut(text);
    if (!draft.reserve(CHANGE_BYTES + UTF8_BYTES_PER_UNIT_MAX * cut.length)) return 'deferred';
    draft.text.push({ series: series.series, text: cut });
    series.text = text;
    series.isPresent = true;
    return 'taken';
  }

  /** Whole characters that fit. */
  #cut(text: string): string {
    if (text.length * UTF8_BYTES_PER_UNIT_MAX <= TEXT_BYTES_MAX) return text;
    return text.slice(0, this.#utf8.encodeInto(text, this.#scratch).read);
  }

  #bytesOf(text: string): number {
    const most = text.length * UTF8_BYTES_PER_UNIT_MAX;
    return most <= INSTANCE_BYTES_MAX ? most : this.#utf8.encode(text).length;
  }

  #find(fact: FactName, instance: string): Series | undefined {
    const next = this.#all[this.#lastAt + 1];
    if (next?.fact === fact && next.instance === instance) return next;
    return this.#seriesByFact.get(fact)?.get(instance);
  }

  #instancesOf(fact: FactName): Map<string, Series> {
    const known = this.#seriesByFact.get(fact);
    if (known !== undefined) return known;
    const instances = new Map<string, Series>();
    this.#seriesByFact.set(fact, instances);
    return instances;
  }

  /** Numbers that a new stream of definitions would free. */
  #hasUnused(): boolean {
    return this.#all.some((series) => !series.isPresent && series.foundIn !== this.#sequence);
  }
}

type ReportBody = Omit<Report, 'sequence' | 'full' | 'takenAtMs'>;

const EMPTY: ReportBody = { define: [], seriesStep: [], change: [], text: [], withdrawn: [] };

function saysTheSame({ fact, instance, value, text, isPresent }: Series, sample: Sample): boolean {
  if (fact !== sample.fact || instance !== sample.instance || !isPresent) return false;
  return typeof sample.value === 'number' ? sample.value === value : sample.value === text;
}

function newSeries(series: number, fact: FactName, instance: string): Series {
  return { series, fact, instance, value: 0, text: undefined, isPresent: false, foundIn: 0 };
}

function takeNumber(series: Series, value: number, draft: Draft): 'taken' | 'deferred' | 'needs-full' {
  const whole = Math.round(value) + 0; // never -0
  const change = whole - series.value;
  if (!Number.isSafeInteger(change)) return 'needs-full';
  if (series.isPresent && isInsideDeadBand(series, change)) return 'taken';
  if (!draft.reserve(CHANGE_BYTES)) return 'deferred';
  draft.changes.push({ series: series.series, change });
  series.value = whole;
  series.isPresent = true;
  return 'taken';
}

function isInsideDeadBand({ fact, value }: Series, change: number): boolean {
  if (change === 0) return true; // nearly always, and cheap
  const { absolute, relative } = FACTS[fact].deadBand;
  const moved = Math.abs(change);
  return moved < absolute || moved < relative * Math.abs(value);
}

/** One report in the making. */
class Draft {
  readonly define: Report['define'] = [];
  readonly changes: { readonly series: number; readonly change: number }[] = [];
  readonly text: Report['text'] = [];
  readonly withdrawn: number[] = [];
  #roomBytes = REPORT_BYTES_MAX;

  reserve(bytes: number): boolean {
    if (bytes > this.#roomBytes) return false;
    this.#roomBytes -= bytes;
    return true;
  }

  body(): ReportBody {
    // Samples come in the order in which they were numbered, so that this hardly ever moves anything.
    const changes = this.changes.sort((a, b) => a.series - b.series);
    return {
      define: this.define,
      seriesStep: changes.map(({ series }, at) => series - (changes[at - 1]?.series ?? 0)),
      change: changes.map(({ change }) => change),
      text: this.text,
      withdrawn: this.withdrawn,
    };
  }
}
