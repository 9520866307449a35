/** A simulated Pi's numbers, for measuring what history costs: noise, steps and counters as real nodes have them. */

import { FACTS, type NumberFactName } from '../../../proto/contract/facts.js';
import { type Random, seededRandom } from '../../../proto/contract/random.js';
import type { HistoryRows } from '../../domain/history.js';

export interface RealisticSeries {
  readonly fact: NumberFactName;
  readonly instance: string;
}

type Step = (before: number, row: number) => number;

interface Model extends RealisticSeries {
  readonly first: number;
  readonly next: Step;
}

const PAGE = 4_096;
const REPORT_INTERVAL_MS = 30_000;
const DAY_ROWS = 2_880;

/** Sum of uniforms: close enough to a normal distribution (Irwin-Hall). */
function normal(random: Random, deviation: number): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.unit();
  return sum * deviation;
}

function models(random: Random): readonly Model[] {
  const noise = (deviation: number): number => normal(random, deviation);
  const isNow = (probability: number): boolean => random.unit() < probability;
  const daily = (row: number): number => Math.sin((2 * Math.PI * row) / DAY_ROWS);
  const floor0 = (value: number): number => Math.max(0, Math.round(value));
  const pages = (bytes: number): number => Math.max(0, Math.round(bytes / PAGE)) * PAGE;
  /** Falls back to `mean` within a few rows, whatever pushed it away. */
  const around =
    (mean: (row: number) => number, deviation: number): Step =>
    (before, row) =>
      floor0(mean(row) + 0.6 * (before - mean(row)) + noise(deviation));
  const counter =
    (perRow: (row: number) => number, deviation: number): Step =>
    (before, row) =>
      before + floor0(perRow(row) + noise(deviation));
  const rare =
    (probability: number, by: () => number): Step =>
    (before) =>
      isNow(probability) ? before + floor0(by()) : before;
  const node = (fact: NumberFactName, first: number, next: Step, instance = ''): Model => ({
    fact,
    instance,
    first,
    next,
  });
  return [
    node(
      'cpu_busy_permille',
      150,
      around((row) => 150 + 80 * daily(row), 20),
    ),
    node('cpu_iowait_permille', 4, (_, row) => floor0(isNow(0.03) ? 60 + noise(30) : 3 + daily(row) + noise(2))),
    node(
      'load_1m_milli',
      400,
      around((row) => 400 + 200 * daily(row), 60),
    ),
    node(
      'load_5m_milli',
      400,
      around((row) => 400 + 200 * daily(row), 25),
    ),
    node(
      'load_15m_milli',
      400,
      around((row) => 400 + 200 * daily(row), 10),
    ),
    node('processes_blocked_count', 0, () => (isNow(0.05) ? 1 : 0)),
    node('memory_available_bytes', 3e9, (before) => pages(before + noise(300_000) + 0.01 * (3e9 - before))),
    node('memory_dirty_bytes', 4e5, () => pages(400_000 + noise(150_000))),
    node('swap_free_bytes', 1e8, (before) => (isNow(0.005) ? pages(before + noise(200_000)) : before)),
    node('filesystem_available_bytes', 2e10, (before) => pages(before - (isNow(0.3) ? 40_000 + noise(9_000) : 0)), '/'),
    node('filesystem_inodes_free_count', 1e6, (before) => before + Math.round(isNow(0.04) ? noise(4) : 0), '/'),
    node(
      'network_received_bytes',
      5e9,
      counter((row) => 600_000 + 2e5 * daily(row), 40_000),
      'eth0',
    ),
    node(
      'network_transmitted_bytes',
      2e9,
      counter((row) => 250_000 + 1e5 * daily(row), 15_000),
      'eth0',
    ),
    node(
      'network_receive_drops_count',
      12,
      rare(0.02, () => 3),
      'eth0',
    ),
    node('clock_controller_offset_ms', 20, () => 20 + Math.round(noise(3))),
    node('agent_resident_bytes', 53e6, (before) => (isNow(0.1) ? pages(before + noise(60_000)) : before)),
    node(
      'agent_cpu_ms',
      9_000,
      counter(() => 40, 6),
    ),
    node('agent_stall_ms', 2, () => floor0(isNow(0.02) ? 30 + noise(10) : 2 + noise(1))),
    node(
      'agent_written_bytes',
      1e6,
      counter(() => (isNow(0.2) ? PAGE : 0), 0),
    ),
    node('agent_open_files_count', 22, (before) => (isNow(0.03) ? 22 + Math.round(noise(2)) : before)),
  ];
}

/** Reports of one node, one after the other: when, and every series' value. */
export class RealisticNode {
  readonly #random: Random;
  readonly #models: readonly Model[];
  #values: number[];
  #row = 0;
  #dueAtMs: number;

  constructor(seed: number, startMs: number) {
    this.#random = seededRandom(seed);
    this.#models = models(this.#random);
    this.#values = this.#models.map(({ first }) => Math.round(first * (0.7 + 0.6 * this.#random.unit())));
    this.#dueAtMs = startMs + Math.floor(this.#random.unit() * REPORT_INTERVAL_MS);
  }

  get series(): readonly RealisticSeries[] {
    return this.#models;
  }

  /** The next report; it arrives some milliseconds after it was due. */
  next(): { readonly atMs: number; readonly values: readonly number[] } {
    this.#values = this.#models.map(({ next }, i) => next(this.#values[i] ?? 0, this.#row));
    this.#row += 1;
    this.#dueAtMs += REPORT_INTERVAL_MS;
    const late = Math.round(Math.abs(normal(this.#random, 12)));
    return { atMs: this.#dueAtMs + late, values: this.#values };
  }

  /** The next `count` reports as a table. */
  rows(count: number): HistoryRows {
    const reports = Array.from({ length: count }, () => this.next());
    return {
      atMs: reports.map(({ atMs }) => atMs),
      columns: this.#models.map(({ fact, instance }, i) => ({
        factId: FACTS[fact].id,
        instance,
        values: reports.map(({ values }) => values[i]),
      })),
    };
  }
}
