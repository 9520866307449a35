import type { FactName, NumberFactName, TextFactName } from '../../proto/contract/facts.js';
import type { FactsView } from '../domain/condition-rule.js';
import type { FactChange } from './agent-messages.js';
import type { FactValue } from './ports.js';

/** Most series that one node may have; what goes beyond is counted and left out. */
export const SERIES_PER_NODE_MAX = 4_096;
const BOOTS_KEPT = 5;

/**
 * The latest facts of one node. Three plain arrays, because ten thousand of these live in one process: a map of the same
 * 45 series takes four times the memory. Changes arrive in the order of the series, so the search starts where the last
 * one ended and nearly always finds its series at once.
 */
export class FactTable implements FactsView {
  #facts: FactName[] = [];
  #instances: string[] = [];
  /** Numbers only, so that the engine keeps them unboxed; NaN marks a text, which is in #texts. */
  #numbers: number[] = [];
  #texts: ReadonlyMap<number, string> = NO_TEXTS;
  #bootsAtMs: readonly number[] = [];
  /** Where the last number was found: rules ask for what stands close together. */
  #lastFound = 0;

  get seriesCount(): number {
    return this.#facts.length;
  }

  get bootsAtMs(): readonly number[] {
    return this.#bootsAtMs;
  }

  /** Remembers that a boot began; keeps the latest few. */
  addBoot(atMs: number): void {
    this.#bootsAtMs = [...this.#bootsAtMs, atMs].slice(-BOOTS_KEPT);
  }

  /** Takes a report in. `full`: what is not among the changes has no data. Returns how many were refused. */
  apply(changes: readonly FactChange[], full: boolean): number {
    if (full) this.clear();
    let refusedCount = 0;
    let texts: Map<number, string> | undefined;
    let position = 0;
    for (const { fact, instance, value } of changes) {
      position = this.#find(fact, instance, position);
      if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) {
        if (value !== undefined) refusedCount += 1;
        if (position < this.#facts.length) {
          texts = this.#remove(position, texts);
          position = 0;
        }
        continue;
      }
      if (position === this.#facts.length && position >= SERIES_PER_NODE_MAX) {
        refusedCount += 1;
        continue;
      }
      this.#facts[position] = fact;
      this.#instances[position] = instance;
      this.#numbers[position] = typeof value === 'number' ? value : Number.NaN;
      if (typeof value === 'string' && this.#textAt(position, texts) !== value) {
        texts ??= new Map(this.#texts);
        texts.set(position, value);
      }
      position += 1;
    }
    if (texts !== undefined) this.#texts = texts;
    return refusedCount;
  }

  clear(): void {
    this.#facts = [];
    this.#instances = [];
    this.#numbers = [];
    this.#texts = NO_TEXTS;
  }

  number(fact: NumberFactName, instance: string): number | undefined {
    const position = this.#find(fact, instance, this.#lastFound);
    const value = this.#numbers[position];
    if (value === undefined) return undefined;
    this.#lastFound = position;
    return Number.isNaN(value) ? undefined : value;
  }

  text(fact: TextFactName, instance: string): string | undefined {
    return this.#texts.get(this.#find(fact, instance, 0));
  }

  instances(fact: FactName): readonly string[] {
    const found: string[] = [];
    for (let i = 0; i < this.#facts.length; i++) {
      if (this.#facts[i] === fact) found.push(this.#instances[i] ?? '');
    }
    return found;
  }

  /** Everything, in the order of the node's reports. */
  values(): readonly FactValue[] {
    return this.#facts.map((fact, position) => {
      const text = this.#texts.get(position);
      return { fact, instance: this.#instances[position] ?? '', value: text ?? this.#numbers[position] ?? 0 };
    });
  }

  /** Each series as values() would have it, without making anything for it: some tables have thousands. */
  visit(call: (fact: FactName, instance: string, value: number | string) => void): void {
    for (let at = 0; at < this.#facts.length; at++) {
      const fact = this.#facts[at];
      const number = this.#numbers[at] ?? Number.NaN;
      const value = Number.isNaN(number) ? this.#texts.get(at) : number;
      if (fact !== undefined && value !== undefined) call(fact, this.#instances[at] ?? '', value);
    }
  }

  /** Position of a series, looked for from `start` on and then before it; the length when there is none. */
  #find(fact: FactName, instance: string, start: number): number {
    const count = this.#facts.length;
    for (let i = start; i < count; i++) {
      if (this.#facts[i] === fact && this.#instances[i] === instance) return i;
    }
    for (let i = 0; i < start && i < count; i++) {
      if (this.#facts[i] === fact && this.#instances[i] === instance) return i;
    }
    return count;
  }

  #textAt(position: number, texts: ReadonlyMap<number, string> | undefined): string | undefined {
    return (texts ?? this.#texts).get(position);
  }

  #remove(position: number, texts: Map<number, string> | undefined): Map<number, string> | undefined {
    this.#facts.splice(position, 1);
    this.#instances.splice(position, 1);
    this.#numbers.splice(position, 1);
    const before = texts ?? this.#texts;
    if (before.size === 0) return texts;
    const after = new Map<number, string>();
    for (const [at, text] of before) {
      if (at !== position) after.set(at > position ? at - 1 : at, text);
    }
    return after;
  }
}

const NO_TEXTS: ReadonlyMap<number, string> = new Map();
