import type { NumberFactName, TextFactName } from '../facts.js';

/** A fact as it was reported, whatever it is called. */
export interface ReportedFact {
  readonly fact: string;
  readonly instance: string;
  readonly value: number | string;
}

/** The facts of one node by name and instance. */
export class FactIndex {
  readonly #byFact = new Map<string, Map<string, number | string>>();

  constructor(facts: readonly ReportedFact[]) {
    for (const { fact, instance, value } of facts) {
      const byInstance = this.#byFact.get(fact) ?? new Map<string, number | string>();
      this.#byFact.set(fact, byInstance);
      byInstance.set(instance, value);
    }
  }

  /** `undefined`: not known. */
  number(fact: NumberFactName, instance: string): number | undefined {
    const value = this.#byFact.get(fact)?.get(instance);
    return typeof value === 'number' ? value : undefined;
  }

  /** Empty: not known. */
  text(fact: TextFactName, instance: string): string {
    return String(this.#byFact.get(fact)?.get(instance) ?? '');
  }

  /** In their order as text, numbers in it by their size. */
  instances(fact: NumberFactName | TextFactName): readonly string[] {
    return [...(this.#byFact.get(fact)?.keys() ?? [])].toSorted(byNumbersInIt);
  }
}

function byNumbersInIt(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (const [at, part] of left.entries()) {
    const other = right[at] ?? '';
    if (part === other) continue;
    const difference = Number(part) - Number(other);
    return Number.isNaN(difference) || difference === 0 ? (part < other ? -1 : 1) : difference;
  }
  return left.length - right.length;
}

const partsOf = (text: string): readonly string[] => text.match(/\d+|\D+/g) ?? [];
